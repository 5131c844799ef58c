"""Pixels moved to other places: cut out, padded, mirrored, or drawn from anywhere."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.creation import from_numpy
from engine.vision.transforms.images import colours, computed, working

Array = npt.NDArray[Any]


def cut(images: Tensor, top: Array, left: Array, size: tuple[int, int]) -> Tensor:
    """From each image [C, H, W] the rectangle of this size at its own top and left, [N]."""
    rows = top[:, None] + np.arange(size[0])
    columns = left[:, None] + np.arange(size[1])
    return taken(images, rows[:, :, None], columns[:, None, :])


def taken(images: Tensor, rows: Array, columns: Array) -> Tensor:
    """The pixels of each image [C, H, W] at its own places, [N, h, w] together: [N, C, h, w]."""
    count, channels, height, width = images.shape
    plane = np.arange(count * channels).reshape(count, channels, 1, 1) * (height * width)
    place = plane + (rows * width + columns)[:, None]
    # one axis and one index: several of each are looked up many times slower
    return images.reshape(-1).index_select(0, from_numpy(place.reshape(-1))).reshape(place.shape)


def padded(
    images: Tensor, sides: tuple[int, int, int, int], fill: float | Sequence[float], mode: str
) -> Tensor:
    """Images with so many pixels more on the left, top, right and bottom.

    mode: "constant" fills, "edge" repeats the last pixel, "reflect" mirrors at it, "symmetric" beside it
    """
    left, top, right, bottom = sides
    if min(sides) < 0:
        raise ShapeError(f"padding must not be negative, and is {sides}; crop takes pixels away")
    height, width = images.shape[-2:]
    way: Any = "edge" if mode == "constant" else mode
    rows = np.pad(np.arange(height), (top, bottom), way)
    columns = np.pad(np.arange(width), (left, right), way)
    out = images.index_select(-2, from_numpy(rows)).index_select(-1, from_numpy(columns))
    if mode != "constant":
        return out
    blank = colours(fill, images).to(images.dtype)
    # an axis at a time: a mask of both would be as large as an image, also where there are no images
    down, across = np.arange(len(rows)) - top, np.arange(len(columns)) - left
    out = where(from_numpy(((down >= 0) & (down < height))[:, None]), out, blank)
    return where(from_numpy((across >= 0) & (across < width)), out, blank)


def warped(images: Tensor, matrices: Array, interpolation: str, fill: float | Sequence[float]) -> Tensor:
    """Each image drawn from the places that its own matrix says.

    matrices: [N, 2, 3], from a place (x, y, 1) of the result to one of the image, both in pixels from the
        centre
    What lies outside is `fill`, and with "bilinear" the edges blend into it as torchvision's do.
    """
    if not len(images):
        return images
    height, width = images.shape[-2:]
    x = np.arange(width) + 0.5 - width / 2
    y = np.arange(height) + 0.5 - height / 2
    place = np.stack(np.broadcast_arrays(x[None, :], y[:, None], np.ones((1, 1))), -1)  # [H, W, 3]
    source = np.einsum("nij,hwj->inhw", matrices, place)
    column, row = source[0] + width / 2 - 0.5, source[1] + height / 2 - 0.5
    blank = colours(fill, images)
    if interpolation == "nearest":
        drawn, inside = _at(images, np.rint(row), np.rint(column))
        return where(from_numpy(inside[:, None]), drawn, blank.to(images.dtype))

    def blend(pixels: Tensor) -> Tensor:
        top, left = np.floor(row), np.floor(column)
        total: Any = 0.0
        cover = np.zeros_like(row)
        for down in (0, 1):
            for right in (0, 1):
                weight = (1 - np.abs(row - top - down)) * (1 - np.abs(column - left - right))
                drawn, inside = _at(pixels, top + down, left + right)
                weight = weight * inside
                cover += weight
                total = drawn * from_numpy(weight[:, None].astype(working(images))) + total
        covered = from_numpy(cover[:, None].astype(working(images)))
        out: Tensor = (total - blank) * covered + blank
        return out

    return computed(images, blend)


def _at(images: Tensor, row: Array, column: Array) -> tuple[Tensor, npt.NDArray[np.bool_]]:
    """The pixels at whole places [N, H, W], and which of these are inside; those outside are arbitrary."""
    height, width = images.shape[-2:]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    rows = np.clip(row, 0, height - 1).astype(np.int64)
    columns = np.clip(column, 0, width - 1).astype(np.int64)
    return taken(images, rows, columns), inside
