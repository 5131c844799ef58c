"""Random parts of images."""

import math

import numpy as np

from engine.data.transform import Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.vision.transforms.images import (
    RandomImageTransform,
    as_images,
    between,
    places,
    spread,
    two_sides,
)
from engine.vision.transforms.placing import cut, padded
from engine.vision.transforms.resampling import (
    Interpolation,
    check_interpolation,
    resampled,
    resized,
    weights,
)
from engine.vision.transforms.sizes import PaddingMode, Resize, centre_cut, check_padding, sides_of

__all__ = ["RandomCrop", "RandomResizedCrop"]

TRIES = 10  # as in torchvision, before the middle is taken


class RandomCrop(RandomImageTransform):
    """A part of each image, cut out at a random place. When measuring, the middle.

    size: (height, width), or one number for both
    padding: pixels added first, on every side, or (left and right, top and bottom), or all four
    pad_if_needed: also add what is missing to the size, instead of refusing
    fill: the added pixels' value, or one a channel
    padding_mode: "edge" repeats the last pixel, "reflect" mirrors at it, "symmetric" mirrors beside it
    """

    draws = 2

    def __init__(
        self,
        size: int | tuple[int, ...],
        padding: int | tuple[int, ...] | None = None,
        pad_if_needed: bool = False,
        fill: float | tuple[float, ...] = 0.0,
        padding_mode: PaddingMode = "constant",
    ) -> None:
        self.size = two_sides(size, "RandomCrop")
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode
        self._sides = None if padding is None else sides_of(padding, "RandomCrop")
        check_padding(padding_mode, "RandomCrop")

    def _padded(self, images: Tensor) -> Tensor:
        if self._sides is not None:
            images = padded(images, self._sides, self.fill, self.padding_mode)
        rows, columns = (max(wanted - n, 0) for wanted, n in zip(self.size, images.shape[-2:], strict=True))
        if (rows or columns) and self.pad_if_needed:
            images = padded(images, (columns, rows, columns, rows), self.fill, self.padding_mode)
        elif rows or columns:
            height, width = images.shape[-2:]
            raise ShapeError(
                f"RandomCrop: {self.size[0]} x {self.size[1]} can't be cut out of {height} x {width}; "
                "give padding or pad_if_needed"
            )
        return images

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        images = self._padded(images)
        height, width = images.shape[-2:]
        top = places(u[:, 0], height - self.size[0] + 1)
        return cut(images, top, places(u[:, 1], width - self.size[1] + 1), self.size)

    def still(self, images: object) -> object:
        pixels, back = as_images(images, "RandomCrop")
        return back(centre_cut(self._padded(pixels), self.size))


class RandomResizedCrop(RandomImageTransform):
    """A random part of each image, scaled to one size.

    When measuring, the whole image is scaled so that its shorter side is 8/7 of the size's longer one, and
    the middle is cut out.

    size: (height, width), or one number for both
    scale: the part's share of the image's area, from and to
    ratio: the part's width over its height, from and to
    interpolation: how pixels between pixels are found
    antialias: average over all pixels that become one, where the part shrinks
    """

    draws = 2 * TRIES + 2

    def __init__(
        self,
        size: int | tuple[int, ...],
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Interpolation = "bilinear",
        antialias: bool = True,
    ) -> None:
        check_interpolation(
            interpolation, "RandomResizedCrop", ("nearest", "nearest-exact", "bilinear", "bicubic")
        )
        self.size = two_sides(size, "RandomResizedCrop")
        self.scale = between(scale, "RandomResizedCrop: scale", 0, 1, strictly=True)
        self.ratio = between(ratio, "RandomResizedCrop: ratio", 0, math.inf, strictly=True)
        self.interpolation = interpolation
        self.antialias = antialias

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        height, width = images.shape[-2:]
        area = height * width * spread(u[:, :TRIES], *self.scale)
        ratio = np.exp(spread(u[:, TRIES : 2 * TRIES], math.log(self.ratio[0]), math.log(self.ratio[1])))
        wide, high = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
        fits = (wide > 0) & (wide <= width) & (high > 0) & (high <= height)
        first = fits.argmax(axis=1)[:, None]
        has = fits.any(axis=1)
        middle = self._middle(height, width)
        high_ = np.where(has, np.take_along_axis(high, first, 1)[:, 0], middle[0]).astype(np.int64)
        wide_ = np.where(has, np.take_along_axis(wide, first, 1)[:, 0], middle[1]).astype(np.int64)
        top = np.where(has, places(u[:, -2], height - high_ + 1), (height - high_) // 2)
        left = np.where(has, places(u[:, -1], width - wide_ + 1), (width - wide_) // 2)
        rows = weights(height, self.size[0], self.interpolation, self.antialias, top, high_)
        columns = weights(width, self.size[1], self.interpolation, self.antialias, left, wide_)
        return resampled(images, rows, columns, self.interpolation.startswith("nearest"))

    def _middle(self, height: int, width: int) -> tuple[int, int]:
        """The largest part in the middle whose ratio is allowed."""
        if width / height < self.ratio[0]:
            return min(round(width / self.ratio[0]), height), width
        if width / height > self.ratio[1]:
            return height, min(round(height * self.ratio[1]), width)
        return height, width

    def still(self, images: object) -> object:
        pixels, back = as_images(images, "RandomResizedCrop")
        target = Resize(math.ceil(max(self.size) * 8 / 7)).target(*pixels.shape[-2:])
        return back(centre_cut(resized(pixels, target, self.interpolation, self.antialias), self.size))
