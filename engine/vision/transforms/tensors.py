"""From pixels to tensors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.transform import Transform
from engine.dtypes import float32, uint8
from engine.errors import DTypeError, ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy
from engine.tensor.creation import tensor as new_tensor


class ToTensor(Transform):
    """An image [H, W] or [H, W, C] as a tensor [C, H, W]; uint8 is scaled from 0..255 to 0..1 in float32."""

    is_quick = True

    def __call__(self, pic: Any) -> Tensor:
        image = np.asarray(pic)
        if image.ndim not in (2, 3):
            raise ShapeError(f"ToTensor takes an image [H, W] or [H, W, C], not shape {image.shape}")
        return (
            from_numpy(_scaled(image)[..., None] if image.ndim == 2 else _scaled(image))
            .permute(2, 0, 1)
            .contiguous()
        )

    def batch(self, images: npt.NDArray[Any] | Tensor) -> Tensor:
        """[N, H, W] or [N, H, W, C] as [N, C, H, W]."""
        if not isinstance(images, Tensor):
            scaled = from_numpy(_scaled(np.asarray(images)))
        else:
            scaled = images.to(float32) / 255 if images.dtype is uint8 else images
        if scaled.ndim == 3:
            return scaled.unsqueeze(1)
        if scaled.ndim != 4:
            raise ShapeError(
                f"ToTensor takes images [N, H, W] or [N, H, W, C], not shape {tuple(scaled.shape)}"
            )
        return scaled.permute(0, 3, 1, 2).contiguous()

    def __repr__(self) -> str:
        return "ToTensor()"


def _scaled(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if pixels.dtype == np.uint8:
        scaled: npt.NDArray[Any] = np.divide(pixels, np.float32(255), dtype=np.float32)
        return scaled
    return np.array(pixels)


class Normalize(Transform):
    """(image - mean) / std per channel, for images [C, H, W].

    mean, std: one number per channel
    """

    is_quick = True

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace
        if len(self.mean) != len(self.std):
            raise ShapeError(
                f"Normalize: {len(self.mean)} means and {len(self.std)} deviations; give one per channel"
            )
        if any(s == 0 for s in self.std):
            raise ShapeError("Normalize: a standard deviation of 0 would divide by zero")

    def __call__(self, tensor: Tensor) -> Tensor:
        if not tensor.is_floating_point():
            raise DTypeError("Normalize takes floating-point tensors; put ToTensor before it")
        if tensor.ndim < 3 or len(self.mean) not in (1, tensor.shape[-3]):
            raise ShapeError(
                f"Normalize: {len(self.mean)} means don't fit an image of shape {tensor.shape}, [C, H, W]"
            )
        mean = new_tensor(self.mean, dtype=tensor.dtype).reshape(-1, 1, 1)
        std = new_tensor(self.std, dtype=tensor.dtype).reshape(-1, 1, 1)
        return tensor.sub_(mean).div_(std) if self.inplace else (tensor - mean) / std

    def batch(self, samples: Tensor) -> Tensor:
        """[N, C, H, W]: channels are the third axis from the end, with or without a batch axis."""
        return self(samples)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"
