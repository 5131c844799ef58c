"""What is done to modules, parameters and batches from outside."""

from engine.nn.utils import rnn

__all__ = ["rnn"]
