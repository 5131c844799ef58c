"""Shapes of pools, and what is wrong where windows don't fit."""

import numpy as np

from engine.backends.meta.array import MetaArray
from engine.backends.meta.convolutions import fitting
from engine.backends.registry import Kernel
from engine.backends.windows import Sizes, counter


def _max(
    x: MetaArray, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[MetaArray, MetaArray]:
    name = f"max_pool{len(kernel)}d"
    out = (*x.shape[:2], *fitting(name, x.shape, kernel, stride, padding, dilation, ceil_mode))
    return MetaArray(out, x.dtype), MetaArray(out, counter(kernel))


def _max_grad(g: MetaArray, places: MetaArray, shape: Sizes, *_: Sizes) -> MetaArray:
    return MetaArray((*g.shape[:2], *shape), g.dtype)


def _max_indices(places: MetaArray, *_: Sizes) -> MetaArray:
    return MetaArray(places.shape, np.int64)


def _adaptive_max_indices(x: MetaArray, size: Sizes) -> MetaArray:
    return MetaArray((*x.shape[:2], *size), np.int64)


def _fractional_max_indices(x: MetaArray, samples: MetaArray, kernel: Sizes, size: Sizes) -> MetaArray:
    return MetaArray((*x.shape[:2], *size), np.int64)


def _avg(
    x: MetaArray,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    include: bool,
    divisor: int | None,
) -> MetaArray:
    near = (1,) * len(kernel)
    out = fitting(f"avg_pool{len(kernel)}d", x.shape, kernel, stride, padding, near, ceil_mode)
    return MetaArray((*x.shape[:2], *out), x.dtype)


def _avg_grad(
    g: MetaArray,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    include: bool,
    divisor: int | None,
) -> MetaArray:
    return MetaArray((*g.shape[:2], *shape), g.dtype)


KERNELS: dict[str, Kernel] = {
    "max_pool": _max,
    "max_pool_grad": _max_grad,
    "max_pool_indices": _max_indices,
    "adaptive_max_pool_indices": _adaptive_max_indices,
    "fractional_max_pool_indices": _fractional_max_indices,
    "avg_pool": _avg,
    "avg_pool_grad": _avg_grad,
}
