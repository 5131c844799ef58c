"""Layers that turn scores into a distribution along one axis."""

from engine.errors import ShapeError
from engine.nn import functional
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = ["LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _AlongAxis(Module):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmax(_AlongAxis):
    """exp(x) divided by its sum along `dim`.

    dim: the axis; null for axis 0 of tensors with 0, 1 or 3 axes, else axis 1
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.softmax(input, self.dim)


class LogSoftmax(_AlongAxis):
    """log of softmax along `dim`, without underflow.

    dim: the axis; null for axis 0 of tensors with 0, 1 or 3 axes, else axis 1
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.log_softmax(input, self.dim)


class Softmin(_AlongAxis):
    """softmax of -x along `dim`.

    dim: the axis; null for axis 0 of tensors with 0, 1 or 3 axes, else axis 1
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.softmin(input, self.dim)


class Softmax2d(Module):
    """softmax over the channels, for each place. input: [N, C, H, W] or [C, H, W]"""

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d needs an input of [N, C, H, W] or [C, H, W], not {input.shape}")
        return functional.softmax(input, -3)
