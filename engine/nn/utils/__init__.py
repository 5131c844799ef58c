"""What is done to modules, parameters and batches from outside."""

from engine.nn.utils import clipping, parametrizations, parametrize, reparametrization, rnn, vectors
from engine.nn.utils.clipping import *
from engine.nn.utils.reparametrization import *
from engine.nn.utils.vectors import *

__all__ = ["parametrizations", "parametrize", "rnn"]
__all__ += clipping.__all__
__all__ += reparametrization.__all__
__all__ += vectors.__all__
