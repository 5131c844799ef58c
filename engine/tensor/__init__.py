"""Tensors and the functions on them."""

from engine.tensor.random import Generator
from engine.tensor.tensor import Tensor

__all__ = ["Generator", "Tensor"]
