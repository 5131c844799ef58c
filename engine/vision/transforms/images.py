"""What the transforms of images share: layouts, and settings that are one number or two.

A tensor is an image [C, H, W] or images [N, C, H, W]. An array is an image as it is stored, [H, W] or
[H, W, C], or images [N, H, W] or [N, H, W, C]; it is given back in the layout in which it came.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.transform import RandomTransform, Transform, Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy

Pixels = Callable[[Tensor], Tensor]

LARGEST_SIDE = 1 << 14  # of an image that a transform makes


def as_images(samples: Any, name: str) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Samples as a tensor [N, C, H, W], and what brings a result back into their layout."""
    if isinstance(samples, np.ndarray):
        if samples.ndim == 3:
            return from_numpy(samples).unsqueeze(1), lambda out: out.squeeze(1).numpy()
        if samples.ndim == 4:
            images = from_numpy(samples).permute(0, 3, 1, 2)
            return images, lambda out: np.ascontiguousarray(out.permute(0, 2, 3, 1).numpy())
        raise ShapeError(
            f"{name} takes arrays [N, H, W] or [N, H, W, C] of images, not shape {samples.shape}"
        )
    if not isinstance(samples, Tensor) or samples.ndim != 4:
        kind = f"shape {samples.shape}" if isinstance(samples, Tensor) else type(samples).__name__
        raise ShapeError(f"{name} takes a tensor [C, H, W] or [N, C, H, W] or an array, not {kind}")
    return samples, lambda out: out


def one_by_one(batch: Callable[[Any], Any], sample: Any) -> Any:
    """A batch's function of one image, or of a tensor [..., C, H, W]."""
    if isinstance(sample, Tensor) and sample.ndim > 3:
        out = batch(sample.reshape(-1, *sample.shape[-3:]))
        return out.reshape(*sample.shape[:-3], *out.shape[1:])
    return batch(sample[None])[0]


class ImageTransform(Transform):
    """The base of transforms that do the same to every image."""

    def __call__(self, img: Any) -> Any:
        return one_by_one(self.batch, img)

    def batch(self, images: Any) -> Any:
        pixels, back = as_images(images, type(self).__name__)
        return back(self.changed(pixels))

    def changed(self, images: Tensor) -> Tensor:
        """Images [N, C, H, W], transformed."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return described(self)


class RandomImageTransform(RandomTransform):
    """The base of transforms that do something else to every image."""

    def __call__(self, img: Any) -> Any:
        return one_by_one(self.batch, img)

    def varied(self, images: Any, u: Uniforms) -> Any:
        pixels, back = as_images(images, type(self).__name__)
        return back(self.changed(pixels, u))

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        """Images [N, C, H, W], each as its row of u says."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return described(self)


def described(transform: Any) -> str:
    """The constructor's call, from the attributes that are not private."""
    shown = {k: v for k, v in vars(transform).items() if not k.startswith("_") and k != "draws"}
    return f"{type(transform).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"


def two_sides(size: Any, name: str) -> tuple[int, int]:
    """(height, width) from one size or two; raises ShapeError for others, and for too large ones."""
    sides = (size, size) if isinstance(size, int) else tuple(size) * (2 if len(size) == 1 else 1)
    if len(sides) != 2 or not all(isinstance(n, int) and 1 <= n <= LARGEST_SIDE for n in sides):
        raise ShapeError(
            f"{name}: a size is one number or (height, width), of 1 to {LARGEST_SIDE}, not {size!r}"
        )
    return sides[0], sides[1]


def between(value: Any, name: str, low: float, high: float, strictly: bool = False) -> tuple[float, float]:
    """A range (from, to) within [low, high]."""
    pair = tuple(float(v) for v in value)
    if len(pair) != 2 or not low <= pair[0] <= pair[1] <= high or (strictly and pair[0] == low):
        raise ShapeError(f"{name} must be (from, to) within {low:g} to {high:g}, not {value!r}")
    return pair[0], pair[1]


def spread(u: npt.NDArray[np.float64], low: Any, high: Any) -> npt.NDArray[np.float64]:
    """Uniform numbers of [0, 1) in [low, high)."""
    return np.asarray(low + u * (np.asarray(high) - low))


def places(u: npt.NDArray[np.float64], count: Any) -> npt.NDArray[np.int64]:
    """Uniform numbers of [0, 1) as whole numbers 0 .. count - 1."""
    return np.asarray(np.minimum(np.floor(u * count), np.asarray(count) - 1).astype(np.int64))


def per_image(values: npt.NDArray[Any], like: Tensor) -> Tensor:
    """[N] as [N, 1, 1, 1], in the dtype in which images like these are computed."""
    return from_numpy(values.astype(working(like)).reshape(-1, 1, 1, 1))


def working(images: Tensor) -> Any:
    """The dtype in which pixels are computed: their own where it is floating-point, else float32."""
    return images.dtype.numpy if images.is_floating_point() else np.dtype(np.float32)


def computed(images: Tensor, compute: Pixels, is_exact: bool = False) -> Tensor:
    """`compute` in floating point. Integers are rounded and kept within their range, unless exact anyway."""
    if images.is_floating_point():
        return compute(images)
    out = compute(images.float())
    if is_exact or images.dtype.numpy.kind not in "iu":
        return out.to(images.dtype)
    limits = np.iinfo(images.dtype.numpy)
    return out.round().clamp(float(limits.min), float(limits.max)).to(images.dtype)


def only(images: Tensor, chosen: npt.NDArray[np.bool_], change: Pixels) -> Tensor:
    """Images with `change` applied to those of chosen, [N]; it must leave their shape as it is."""
    if not chosen.any():
        return images
    if chosen.all():
        return change(images)
    rows = from_numpy(np.flatnonzero(chosen))
    out = images.clone()
    out[rows] = change(images[rows])
    return out


def colours(fill: float | Sequence[float], images: Tensor) -> Tensor:
    """A fill, one number or one a channel, as [1, 1 or C, 1, 1]."""
    values = np.atleast_1d(np.asarray(fill, working(images)))
    if values.ndim != 1 or len(values) not in (1, images.shape[1]):
        raise ShapeError(f"fill has {values.size} numbers, and the images {images.shape[1]} channels")
    return from_numpy(values.reshape(1, -1, 1, 1))
