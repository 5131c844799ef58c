"""Layers that drop a random part of their input while training."""

from engine.errors import ShapeError
from engine.nn import functional
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = ["Dropout"]


class Dropout(Module):
    """While training, each element zero with probability p, else divided by 1 - p (Srivastava 2014)."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ShapeError(f"Dropout: p must be a probability, not {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout(input, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
