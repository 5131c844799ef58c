"""Mirrored images."""

from engine.data.transform import Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.creation import from_numpy
from engine.vision.transforms.images import RandomImageTransform

__all__ = ["RandomHorizontalFlip", "RandomVerticalFlip"]


def check_p(p: float, name: str) -> None:
    if not 0 <= p <= 1:
        raise ShapeError(f"{name}: p must be a probability, not {p}")


class _RandomFlip(RandomImageTransform):
    axis: int

    def __init__(self, p: float = 0.5) -> None:
        check_p(p, type(self).__name__)
        self.p = p

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        return where(from_numpy((u < self.p)[:, :, None, None]), images.flip(self.axis), images)


class RandomHorizontalFlip(_RandomFlip):
    """Each image mirrored from left to right with probability p. When measuring, as it is.

    p: probability
    """

    axis = -1


class RandomVerticalFlip(_RandomFlip):
    """Each image mirrored from top to bottom with probability p. When measuring, as it is.

    p: probability
    """

    axis = -2
