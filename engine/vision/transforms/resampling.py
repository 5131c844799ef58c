"""Images in another size, as products with matrices of weights."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy, new_zeros
from engine.vision.transforms.images import computed, working

Interpolation = Literal["nearest", "nearest-exact", "bilinear", "bicubic"]
Array = npt.NDArray[Any]


def check_interpolation(interpolation: str, name: str, known: tuple[str, ...]) -> None:
    if interpolation not in known:
        raise EngineError(f"{name}: interpolation is one of {', '.join(known)}, not {interpolation!r}")


def _cubic(x: Array, a: float) -> Array:
    """Keys' cubic convolution kernel (1981)."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def weights(
    old: int,
    new: int,
    interpolation: str,
    antialias: bool,
    start: Array | None = None,
    length: Array | None = None,
) -> Array:
    """[N, new, old]: what each of `old` pixels gives to each of `new`; N is 1 without start and length.

    start, length: [N] int, the part of the old pixels that is stretched to the new ones; the rest isn't seen

    Pixel i of the new ones lies at (i + 1/2) length / new, as in PyTorch with align_corners=False; with
    antialias the kernel is as much wider as there are more old pixels than new ones.
    """
    start = np.zeros(1, np.int64) if start is None else start
    length = np.full(1, old, np.int64) if length is None else length
    scale = (length / new)[:, None, None]
    centre = scale * (np.arange(new)[None, :, None] + 0.5)
    place = np.arange(old)[None, None, :] - start[:, None, None]
    last = (length - 1)[:, None, None]
    if interpolation in ("nearest", "nearest-exact"):
        half = 0.0 if interpolation == "nearest" else 0.5
        source = np.floor(scale * (np.arange(new)[None, :, None] + half))
        return np.asarray(place == np.minimum(source, last), np.float64)
    if antialias:
        wider = np.maximum(scale, 1.0)
        x = (place + 0.5 - centre) / wider
        kernel = np.maximum(0.0, 1 - np.abs(x)) if interpolation == "bilinear" else _cubic(x, -0.5)
        kernel = kernel * ((place >= 0) & (place <= last))
        return np.asarray(kernel / kernel.sum(axis=2, keepdims=True))
    if interpolation == "bilinear":
        source = np.clip(centre - 0.5, 0, last)
        return np.asarray(np.maximum(0.0, 1 - np.abs(place - source)) * ((place >= 0) & (place <= last)))
    whole = np.floor(centre - 0.5)
    kernel = np.zeros(np.broadcast_shapes(centre.shape, place.shape))
    for tap in range(-1, 3):
        kernel += (place == np.clip(whole + tap, 0, last)) * _cubic(whole + tap - (centre - 0.5), -0.75)
    return kernel


def resampled(images: Tensor, rows: Array, columns: Array, is_exact: bool) -> Tensor:
    """Images [N, C, H, W] times rows [N or 1, h, H] and columns [N or 1, w, W]: [N, C, h, w]."""
    left = from_numpy(rows[:, None].astype(working(images)))
    right = from_numpy(np.swapaxes(columns, 1, 2)[:, None].astype(working(images)))
    return computed(images, lambda x: left.matmul(x).matmul(right), is_exact)


def resized(images: Tensor, size: tuple[int, int], interpolation: str, antialias: bool) -> Tensor:
    """Images [N, C, H, W] as [N, C, *size]."""
    height, width = images.shape[-2:]
    if (height, width) == size:
        return images
    if not len(images):
        return new_zeros(images, *images.shape[:2], *size)
    rows = weights(height, size[0], interpolation, antialias)
    columns = weights(width, size[1], interpolation, antialias)
    return resampled(images, rows, columns, interpolation.startswith("nearest"))
