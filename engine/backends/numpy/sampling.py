"""Kernels that lay elements around a tensor, resample its axes, or take it apart into patches."""

import math
from typing import Any

import numpy as np

from engine.backends.numpy.convolutions import Array, Key, padded, taps, windows
from engine.backends.registry import Kernel
from engine.backends.resampling import Rule, Taps
from engine.backends.resampling import taps as resampling_taps
from engine.backends.resampling import taps_back as resampling_taps_back
from engine.backends.windows import Pads, Sizes, positions, sides


def pad(x: Array, widths: Pads, value: float) -> Array:
    out = padded(x, widths, value)
    return x.copy() if out is x else out


def _precision(x: Array) -> str:
    return "float64" if x.dtype == np.float64 else "float32"


def _summed(x: Array, dim: int, table: Taps) -> Array:
    """Along an axis, for each row of the table the weighted sum of the elements that it names."""
    lead = (slice(None),) * dim
    behind = (1,) * (x.ndim - dim - 1)
    size, longest = table.index.shape
    if longest == 1 and (table.count == 1).all() and (table.weight == 1).all():
        return np.take(x, table.index[:, 0], dim)
    out = np.zeros((*x.shape[:dim], size, *x.shape[dim + 1 :]), x.dtype)
    for k in range(longest):
        rows: Any = slice(None)
        if table.count.min() <= k:
            rows = np.nonzero(table.count > k)[0]
        part = np.take(x, table.index[rows, k], dim)
        part *= table.weight[rows, k].astype(x.dtype).reshape(-1, *behind)
        out[(*lead, rows)] += part
    return out


def resample(x: Array, dim: int, size: int, rule: Rule) -> Array:
    return _summed(x, dim, resampling_taps(x.shape[dim], size, rule, _precision(x)))


def resample_grad(g: Array, dim: int, size: int, rule: Rule) -> Array:
    return _summed(g, dim, resampling_taps_back(size, g.shape[dim], rule, _precision(g)))


def unfold(x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Array:
    space = positions(x.shape[2:], kernel, stride, padding, dilation)
    if min(space) < 1:
        raise ValueError("the window is larger than the input")
    whole = padded(x, sides(x.shape[2:], space, kernel, stride, padding, dilation))
    columns = np.array(windows(whole, kernel, stride, dilation, space))
    return columns.reshape(len(x), x.shape[1] * math.prod(kernel), math.prod(space))


def fold(
    columns: Array, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    space = positions(shape, kernel, stride, padding, dilation)
    pads = sides(shape, space, kernel, stride, padding, dilation)
    size = math.prod(kernel)
    if min(space) < 1 or columns.shape[2] != math.prod(space) or columns.shape[1] % size:
        raise ValueError("the columns aren't those of the windows")
    parts = columns.reshape(len(columns), columns.shape[1] // size, *kernel, *space)
    full = tuple(a + n + b for (a, b), n in zip(pads, shape, strict=True))
    out = np.zeros((*parts.shape[:2], *full), columns.dtype)
    for at, place in taps(kernel, stride, dilation, space):
        out[:, :, *place] += parts[:, :, *at]
    inner = tuple(slice(a, a + n) for (a, _), n in zip(pads, shape, strict=True))
    middle: Key = (slice(None), slice(None), *inner)
    return np.ascontiguousarray(out[middle])


KERNELS: dict[str, Kernel] = {
    "pad": pad,
    "resample": resample,
    "resample_grad": resample_grad,
    "unfold": unfold,
    "fold": fold,
}
