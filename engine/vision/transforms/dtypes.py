"""Images in another dtype."""

import numpy as np

from engine.dtypes import DType, float32
from engine.errors import DTypeError
from engine.tensor import Tensor
from engine.vision.transforms.images import ImageTransform

__all__ = ["ConvertImageDtype", "ToDtype"]


def converted(images: Tensor, dtype: DType) -> Tensor:
    """With white as white: 1 in floating point, else the dtype's largest value. torchvision's rules."""
    if images.dtype is dtype:
        return images
    if dtype.is_floating_point:
        out = images.to(dtype)
        return out if images.is_floating_point() else out / float(np.iinfo(images.dtype.numpy).max)
    most = np.iinfo(dtype.numpy).max
    if images.is_floating_point():
        if most > 255 and images.dtype.itemsize <= 4 and most >= 1 << 24:
            raise DTypeError(
                f"{images.dtype} can't tell the values of {dtype} apart; convert to float64 first"
            )
        return (images * (most + 1.0 - 1e-3)).to(dtype)
    given = np.iinfo(images.dtype.numpy).max
    if given > most:
        return (images // ((given + 1) // (most + 1))).to(dtype)
    return images.to(dtype) * ((most + 1) // (given + 1))


class ConvertImageDtype(ImageTransform):
    """Images in another dtype, with black and white as they are: uint8 0..255 becomes float32 0..1.

    dtype: the new one
    """

    def __init__(self, dtype: DType = float32) -> None:
        self.dtype = dtype

    def changed(self, images: Tensor) -> Tensor:
        return converted(images, self.dtype)


class ToDtype(ImageTransform):
    """Images in another dtype.

    dtype: the new one
    scale: keep black and white as they are, 0..255 becoming 0..1, rather than the numbers
    """

    def __init__(self, dtype: DType = float32, scale: bool = False) -> None:
        self.dtype = dtype
        self.scale = scale

    def changed(self, images: Tensor) -> Tensor:
        return converted(images, self.dtype) if self.scale else images.to(self.dtype)
