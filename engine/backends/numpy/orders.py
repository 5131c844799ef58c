"""Kernels that sort, accumulate or place along one axis, and the diagonal."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.shapes import places
from engine.backends.registry import Kernel
from engine.dtypes import SMOOTH_KINDS

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def prod(x: Array, dim: int, keepdim: bool) -> Any:
    dtype = x.dtype if x.dtype.kind in SMOOTH_KINDS else np.int64
    return np.prod(x, dim, dtype, keepdims=keepdim) if x.ndim else np.array(x, dtype)


def cumprod(x: Array, dim: int) -> Array:
    dtype = x.dtype if x.dtype.kind in SMOOTH_KINDS else np.dtype(np.int64)
    return np.cumprod(x, dim, dtype) if x.ndim else np.array(x, dtype)


def sort(x: Array, dim: int, descending: bool) -> tuple[Array, Array]:
    if x.ndim == 0:
        return np.array(x), np.zeros((), np.int64)
    if descending:
        # of the reversed axis, so that equal elements keep their order
        order = x.shape[dim] - 1 - np.flip(np.argsort(np.flip(x, dim), dim, kind="stable"), dim)
    else:
        order = np.argsort(x, dim, kind="stable")
    return np.take_along_axis(x, order, dim), np.ascontiguousarray(order)


def linear_scan(b: Array, a: Array, dim: int) -> Array:
    out = np.array(b)
    steps, factors = np.moveaxis(out, dim, 0), np.moveaxis(a, dim, 0)
    for k in range(1, len(steps)):
        steps[k] += factors[k] * steps[k - 1]
    return out


def topk(x: Array, k: int, dim: int, largest: bool) -> tuple[Array, Array]:
    size = x.shape[dim] if x.ndim else 1
    if x.ndim == 0 or k * 8 > size:
        values, order = sort(x, dim, largest)
        if x.ndim == 0:
            return values, order
        chosen = tuple(slice(k) if axis == dim else slice(None) for axis in range(x.ndim))
        return np.ascontiguousarray(values[chosen]), np.ascontiguousarray(order[chosen])
    # of few among many only those are sorted
    places = np.argpartition(x, size - k if largest else k - 1, dim) if k else np.zeros(x.shape, np.int64)
    part = slice(size - k, size) if largest else slice(k)
    found = places[tuple(part if axis == dim else slice(None) for axis in range(x.ndim))]
    # in their own order first, so that equal ones keep it
    found = np.sort(found, dim)
    values, order = sort(np.take_along_axis(x, found, dim), dim, largest)
    return values, np.take_along_axis(found, order, dim)


def _so_far(x: Array, values: Array, dim: int) -> tuple[Array, Array]:
    steps = np.arange(x.shape[dim]).reshape([-1 if k == dim else 1 for k in range(x.ndim)])
    attained = (x == values) | (x != x)
    return values, np.maximum.accumulate(np.where(attained, steps, 0), dim)


def cummax(x: Array, dim: int) -> tuple[Array, Array]:
    if x.ndim == 0:
        return np.array(x), np.zeros((), np.int64)
    return _so_far(x, np.maximum.accumulate(x, dim), dim)


def cummin(x: Array, dim: int) -> tuple[Array, Array]:
    if x.ndim == 0:
        return np.array(x), np.zeros((), np.int64)
    return _so_far(x, np.minimum.accumulate(x, dim), dim)


def diagonal(x: Array, offset: int, dim1: int, dim2: int) -> Array:
    out = x.diagonal(offset, dim1, dim2)
    # NumPy gives it read-only, although its elements are distinct
    out.flags.writeable = x.flags.writeable
    return out


def diagonal_grad(x: Array, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    out = np.zeros(shape, x.dtype)
    view = out.diagonal(offset, dim1, dim2)
    view.flags.writeable = True
    view[...] = x
    return out


def scatter(x: Array, index: Array, source: Array, dim: int) -> Array:
    out = np.array(x)
    out[places(x, index, dim)] = source
    return out


KERNELS: dict[str, Kernel] = {
    "prod": prod,
    "cumprod": cumprod,
    "linear_scan": linear_scan,
    "topk": topk,
    "sort": sort,
    "cummax": cummax,
    "cummin": cummin,
    "diagonal": diagonal,
    "diagonal_grad": diagonal_grad,
    "scatter": scatter,
}
