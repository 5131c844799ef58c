"""Kernels that scatter with a reduction, view by strides, search and count."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.shapes import places
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
REDUCTIONS = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def scatter_reduce(x: Array, index: Array, source: Array, dim: int, reduce: str) -> Array:
    out = np.array(x)
    REDUCTIONS[reduce].at(out, places(x, index, dim), source)
    return out


def as_strided(x: Array, size: Shape, stride: Shape, offset: int) -> Array:
    steps = [step * x.itemsize for step in stride]
    # NumPy checks that the elements lie within x's memory, which must be row-major; but not of an empty x
    if x.size == 0 and 0 not in size:
        raise ValueError("an empty tensor has no elements to view")
    out: Array = np.ndarray(size, x.dtype, x, offset * x.itemsize, steps)
    reach = 0
    for step, n in sorted((step, n) for step, n in zip(stride, size, strict=True) if n > 1):
        if step <= reach:
            # read-only as what expand gives: elements of the result may share their memory
            out.flags.writeable = False
        reach += (n - 1) * step
    return out


def as_strided_grad(x: Array, shape: Shape, size: Shape, stride: Shape, offset: int) -> Array:
    out = np.zeros(shape, x.dtype)
    order = np.asarray(offset)
    for n, step in zip(size, stride, strict=True):
        order = order[..., None] + np.arange(n) * step
    np.add.at(out.reshape(-1), order, x)
    return out


def windows(x: Array, dim: int, size: int, step: int) -> Array:
    count = (x.shape[dim] - size) // step + 1
    return np.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:dim], count, *x.shape[dim + 1 :], size),
        (*x.strides[:dim], x.strides[dim] * step, *x.strides[dim + 1 :], x.strides[dim]),
        # windows that overlap share elements, so they are read-only
        writeable=x.flags.writeable and step >= size,
    )


def windows_grad(x: Array, shape: Shape, dim: int, size: int, step: int) -> Array:
    out = np.zeros(shape, x.dtype)
    reach = x.shape[dim] * step
    for k in range(size):
        out[(slice(None),) * dim + (slice(k, k + reach, step),)] += x[..., k]
    return out


def searchsorted(boundaries: Array, values: Array, right: bool) -> Array:
    side: Any = "right" if right else "left"
    if boundaries.ndim == 1:
        return np.asarray(np.searchsorted(boundaries, values, side), np.int64)
    rows = zip(
        boundaries.reshape(-1, boundaries.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True
    )
    found = [np.searchsorted(row, wanted, side) for row, wanted in rows]
    return np.asarray(found, np.int64).reshape(values.shape)


def unique(x: Array, dim: int | None) -> tuple[Array, Array, Array]:
    # as in PyTorch, each NaN is distinct
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    shape = x.shape if dim is None else (x.shape[dim],)
    return values, inverse.reshape(shape).astype(np.int64), counts.astype(np.int64)


KERNELS: dict[str, Kernel] = {
    "scatter_reduce": scatter_reduce,
    "as_strided": as_strided,
    "as_strided_grad": as_strided_grad,
    "windows": windows,
    "windows_grad": windows_grad,
    "searchsorted": searchsorted,
    "unique": unique,
}
