"""Blurred images."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.transform import Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.vision.transforms.images import RandomImageTransform, as_images, between, spread
from engine.vision.transforms.resampling import resampled

__all__ = ["GaussianBlur"]


class GaussianBlur(RandomImageTransform):
    """Each image blurred by a Gaussian of a random width; edges are mirrored.

    When measuring, images stay as they are; with a single sigma nothing is random, and they are blurred too.

    kernel_size: of the window in pixels, odd, or (along x, along y)
    sigma: standard deviation in pixels, from and to, or one number
    """

    def __init__(
        self, kernel_size: int | tuple[int, int], sigma: float | tuple[float, float] = (0.1, 2.0)
    ) -> None:
        sizes = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(sizes) != 2 or not all(n > 0 and n % 2 == 1 for n in sizes):
            raise ShapeError(f"GaussianBlur: kernel_size is one odd number or two, not {kernel_size!r}")
        pair = (sigma, sigma) if isinstance(sigma, int | float) else sigma
        self.kernel_size = sizes
        self.sigma = between(pair, "GaussianBlur: sigma", 0, math.inf, strictly=True)
        self.draws = 0 if self.sigma[0] == self.sigma[1] else 1

    def batch(self, samples: Any) -> Any:
        return super().batch(samples) if self.draws else self.still(samples)

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        height, width = images.shape[-2:]
        sigma = spread(u[:, 0], *self.sigma)
        rows = _matrices(height, self.kernel_size[1], sigma)
        return resampled(images, rows, _matrices(width, self.kernel_size[0], sigma), False)

    def still(self, images: Any) -> Any:
        if self.draws or not len(images):
            return images
        pixels, back = as_images(images, "GaussianBlur")
        return back(self.changed(pixels, np.zeros((1, 1))))


def _matrices(size: int, kernel_size: int, sigma: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[N, size, size]: a Gaussian window about each pixel, mirrored at the ends."""
    radius = kernel_size // 2
    if radius >= size:
        raise ShapeError(f"GaussianBlur: a window of {kernel_size} can't be mirrored in {size} pixels")
    offset = np.arange(-radius, radius + 1)
    window = np.exp(-0.5 * (offset / sigma[:, None]) ** 2)
    window /= window.sum(axis=1, keepdims=True)
    mirrored = np.pad(np.arange(size), radius, "reflect")
    out = np.zeros((len(sigma), size, size))
    each = np.arange(size)
    for tap in range(kernel_size):
        out[:, each, mirrored[tap : tap + size]] += window[:, tap, None]
    return out
