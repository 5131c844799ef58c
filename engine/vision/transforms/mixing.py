"""Batches in which samples are mixed with each other, and their classes likewise."""

import numpy as np
import numpy.typing as npt

from engine.data.transform import Uniforms, uniforms
from engine.dtypes import get_default_dtype
from engine.errors import DTypeError, ShapeError
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.blocks import roll
from engine.tensor.creation import from_numpy
from engine.vision.transforms.erasing import inside
from engine.vision.transforms.images import per_image, places

__all__ = ["CutMix", "MixUp"]

Array = npt.NDArray[np.float64]
TRIES = 8  # of a rejection sampler that accepts more than 95 % at once


class _Mixing:
    """Called with images [N, C, H, W] and targets: classes int64 [N], or shares [N, K].

    Each image is mixed with the one before it in the batch, in a proportion of its own. Gives images of
    the same shape and targets [N, K], for a loss that takes the shares of classes.
    """

    draws = 2 * (3 * TRIES + 1)

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None) -> None:
        if not alpha > 0:
            raise ShapeError(f"{type(self).__name__}: alpha must be positive, not {alpha}")
        self.alpha = float(alpha)
        self.num_classes = num_classes

    def __call__(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """With numbers of the default generator."""
        return self.varied(images, targets, uniforms(len(images), self.draws))

    def varied(self, images: Tensor, targets: Tensor, u: Uniforms) -> tuple[Tensor, Tensor]:
        """As the rows of u, [N, draws] in [0, 1), say."""
        if images.ndim != 4 or not images.is_floating_point():
            raise ShapeError(
                f"{type(self).__name__} takes floating-point images [N, C, H, W], not {images.dtype} of "
                f"shape {images.shape}; apply it to batches, after ToTensor"
            )
        shares = self._shares(targets, len(images))
        share, mixed = self.mixed(images, u)
        own = from_numpy(share[:, None].astype(shares.dtype.numpy))
        return mixed, shares * own + roll(shares, 1, 0) * (1.0 - own)

    def mixed(self, images: Tensor, u: Uniforms) -> tuple[Array, Tensor]:
        """How much of each image is its own, [N], and the images."""
        raise NotImplementedError

    def _shares(self, targets: Tensor, count: int) -> Tensor:
        name = type(self).__name__
        if targets.is_floating_point() and targets.ndim == 2 and len(targets) == count:
            return targets
        if targets.ndim != 1 or targets.is_floating_point() or len(targets) != count:
            raise ShapeError(
                f"{name}: {count} images go with classes [N] or shares [N, K], not {targets.shape}"
            )
        if self.num_classes is None:
            raise DTypeError(f"{name} needs num_classes to turn classes [N] into shares [N, num_classes]")
        classes = targets.numpy()
        if count and not 0 <= classes.min() <= classes.max() < self.num_classes:
            raise ShapeError(f"{name}: classes reach {classes.max()}, and num_classes is {self.num_classes}")
        shares = np.zeros((count, self.num_classes), get_default_dtype().numpy)
        shares[np.arange(count), classes] = 1
        return from_numpy(shares)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(alpha={self.alpha}, num_classes={self.num_classes})"


class MixUp(_Mixing):
    """Images and classes blended in pairs (Zhang et al., mixup, 2018).

    alpha: the proportion is drawn from Beta(alpha, alpha)
    num_classes: needed where targets are classes
    """

    def mixed(self, images: Tensor, u: Uniforms) -> tuple[Array, Tensor]:
        share = beta(u, self.alpha)
        own = per_image(share, images)
        return share, images * own + roll(images, 1, 0) * (1.0 - own)


class CutMix(_Mixing):
    """A rectangle of each image put into another, and classes blended by area (Yun et al., CutMix, 2019).

    alpha: the rectangle's share of the area is drawn from Beta(alpha, alpha)
    num_classes: needed where targets are classes
    """

    draws = _Mixing.draws + 2

    def mixed(self, images: Tensor, u: Uniforms) -> tuple[Array, Tensor]:
        height, width = images.shape[-2:]
        half = 0.5 * np.sqrt(1.0 - beta(u[:, :-2], self.alpha))
        edges = []
        for place, size in ((u[:, -2], height), (u[:, -1], width)):
            middle, reach = places(place, size), np.floor(half * size)
            edges.append((np.clip(middle - reach, 0, size), np.clip(middle + reach, 0, size)))
        (top, bottom), (left, right) = edges
        mask = inside(top, bottom, height)[:, :, None] & inside(left, right, width)[:, None, :]
        share = 1.0 - (bottom - top) * (right - left) / (height * width)
        return share, where(from_numpy(mask[:, None]), roll(images, 1, 0), images)


def beta(u: Uniforms, alpha: float) -> Array:
    """[N] from Beta(alpha, alpha), made of u: [N, 2 (3 TRIES + 1)] in [0, 1)."""
    first, second = np.split(u, 2, axis=1)
    # of two gamma numbers a and b, a / (a + b) is a beta number
    return np.asarray(1.0 / (1.0 + np.exp(_log_gamma(second, alpha) - _log_gamma(first, alpha))))


def _log_gamma(u: Uniforms, alpha: float) -> Array:
    """Logarithms of Gamma(alpha) numbers [N], by Marsaglia and Tsang (2000) in a fixed number of tries."""
    shape = alpha if alpha >= 1 else alpha + 1
    d = shape - 1.0 / 3.0
    a, b, c = (np.maximum(u[:, k : 3 * TRIES : 3], 2.0**-54) for k in range(3))
    normal = np.sqrt(-2.0 * np.log(a)) * np.cos(2 * np.pi * b)
    v = np.maximum(1.0 + normal / np.sqrt(9.0 * d), 0.0) ** 3
    log_v = np.log(np.maximum(v, 2.0**-1000))
    good = (v > 0) & (np.log(c) < 0.5 * normal**2 + d - d * v + d * log_v)
    first = good.argmax(axis=1)[:, None]
    out = np.log(d) + np.take_along_axis(log_v, first, 1)[:, 0]
    if alpha < 1:
        out = out + np.log(np.maximum(u[:, -1], 2.0**-54)) / alpha
    return np.asarray(np.where(good.any(axis=1), out, np.log(shape)))
