"""Only because users of PyTorch type `torch.utils.data`."""

from engine.utils import data

__all__ = ["data"]
