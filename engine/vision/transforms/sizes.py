"""Another size, the same for every image."""

from collections.abc import Sequence
from typing import Literal

from engine.errors import EngineError, ShapeError
from engine.tensor import Tensor
from engine.vision.transforms.images import LARGEST_SIDE, ImageTransform, two_sides
from engine.vision.transforms.placing import padded
from engine.vision.transforms.resampling import Interpolation, check_interpolation, resized

__all__ = ["CenterCrop", "Pad", "Resize"]

PaddingMode = Literal["constant", "edge", "reflect", "symmetric"]


class Resize(ImageTransform):
    """Images scaled to another size.

    size: (height, width), or one number for the shorter side, the longer one keeping the proportion
    interpolation: how pixels between pixels are found
    max_size: limit of the longer side where size is one number
    antialias: average over all pixels that become one, where the image shrinks; for bilinear and bicubic
    """

    def __init__(
        self,
        size: int | tuple[int, ...],
        interpolation: Interpolation = "bilinear",
        max_size: int | None = None,
        antialias: bool = True,
    ) -> None:
        check_interpolation(interpolation, "Resize", ("nearest", "nearest-exact", "bilinear", "bicubic"))
        self.size = size
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias
        self._short = size if isinstance(size, int) else size[0] if len(size) == 1 else None
        two_sides(size, "Resize")
        if max_size is not None and (self._short is None or max_size < self._short):
            raise ShapeError(f"Resize: max_size {max_size} needs one size that isn't larger, not {size}")

    def target(self, height: int, width: int) -> tuple[int, int]:
        """The size that an image of this size gets."""
        if self._short is None:
            return two_sides(self.size, "Resize")
        short, long = self._short, int(self._short * max(height, width) / min(height, width))
        if self.max_size is not None and long > self.max_size:
            short, long = int(self.max_size * short / long), self.max_size
        if long > LARGEST_SIDE or short < 1:
            raise ShapeError(
                f"Resize: {height} x {width} would become {short} x {long}; give (height, width)"
            )
        return (short, long) if height <= width else (long, short)

    def changed(self, images: Tensor) -> Tensor:
        return resized(images, self.target(*images.shape[-2:]), self.interpolation, self.antialias)


def sides_of(padding: int | Sequence[int], name: str) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) from one number, (left and right, top and bottom), or all four."""
    given = (padding,) if isinstance(padding, int) else tuple(padding)
    if len(given) not in (1, 2, 4) or not all(0 <= n <= LARGEST_SIDE for n in given):
        raise ShapeError(
            f"{name}: padding is one number, (left and right, top and bottom) or (left, top, right, bottom), "
            f"none negative or above {LARGEST_SIDE}, not {padding!r}"
        )
    left, top, right, bottom = given * (4 // len(given))
    return left, top, right, bottom


def check_padding(mode: str, name: str) -> None:
    if mode not in ("constant", "edge", "reflect", "symmetric"):
        raise EngineError(f"{name}: padding_mode is constant, edge, reflect or symmetric, not {mode!r}")


class Pad(ImageTransform):
    """Images with pixels added around them.

    padding: on every side, or (left and right, top and bottom), or (left, top, right, bottom)
    fill: the added pixels' value, or one a channel
    padding_mode: "edge" repeats the last pixel, "reflect" mirrors at it, "symmetric" mirrors beside it
    """

    def __init__(
        self,
        padding: int | tuple[int, ...],
        fill: float | tuple[float, ...] = 0.0,
        padding_mode: PaddingMode = "constant",
    ) -> None:
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode
        self._sides = sides_of(padding, "Pad")
        check_padding(padding_mode, "Pad")

    def changed(self, images: Tensor) -> Tensor:
        return padded(images, self._sides, self.fill, self.padding_mode)


def centre_cut(images: Tensor, size: tuple[int, int]) -> Tensor:
    """The middle of each image, padded with zeros where the image is smaller."""
    height, width = images.shape[-2:]
    more_rows, more_columns = max(size[0] - height, 0), max(size[1] - width, 0)
    if more_rows or more_columns:
        sides = (more_columns // 2, more_rows // 2, (more_columns + 1) // 2, (more_rows + 1) // 2)
        images = padded(images, sides, 0, "constant")
        height, width = images.shape[-2:]
    # as in torchvision, halves are rounded to even
    top, left = round((height - size[0]) / 2), round((width - size[1]) / 2)
    return images[:, :, top : top + size[0], left : left + size[1]]


class CenterCrop(ImageTransform):
    """The middle of each image, padded with zeros where the image is smaller.

    size: (height, width), or one number for both
    """

    def __init__(self, size: int | tuple[int, ...]) -> None:
        self.size = two_sides(size, "CenterCrop")

    def changed(self, images: Tensor) -> Tensor:
        return centre_cut(images, self.size)
