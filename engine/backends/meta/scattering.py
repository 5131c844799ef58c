"""Shapes of what is scattered with a reduction, viewed by strides, searched and counted."""

import numpy as np

from engine.backends.meta.array import MetaArray, Shape
from engine.backends.meta.shapes import check_along
from engine.backends.registry import Kernel
from engine.errors import EngineError, ShapeError


def _scatter_reduce(x: MetaArray, index: MetaArray, source: MetaArray, dim: int, reduce: str) -> MetaArray:
    check_along("scatter_reduce", x, index, dim)
    if index.shape != source.shape:
        raise ShapeError(
            f"scatter_reduce: index {index.shape} and source {source.shape} must have the same shape"
        )
    return MetaArray(x.shape, x.dtype)


def _as_strided(x: MetaArray, size: Shape, stride: Shape, offset: int) -> MetaArray:
    if len(size) != len(stride):
        raise ShapeError(f"as_strided: {size} and {stride} must give a size and a stride for each axis")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if 0 not in size and not 0 <= offset <= last < x.size:
        raise ShapeError(
            f"as_strided: sizes {size} with strides {stride} from {offset} reach element {last}, and shape "
            f"{x.shape} has {x.size}"
        )
    return MetaArray(size, x.dtype)


def _as_strided_grad(x: MetaArray, shape: Shape, size: Shape, stride: Shape, offset: int) -> MetaArray:
    return MetaArray(shape, x.dtype)


def _windows(x: MetaArray, dim: int, size: int, step: int) -> MetaArray:
    if not 0 <= size <= x.shape[dim] or step <= 0:
        raise ShapeError(f"unfold: no window of {size} in steps of {step} fits an axis of {x.shape[dim]}")
    count = (x.shape[dim] - size) // step + 1
    return MetaArray((*x.shape[:dim], count, *x.shape[dim + 1 :], size), x.dtype)


def _windows_grad(x: MetaArray, shape: Shape, dim: int, size: int, step: int) -> MetaArray:
    return MetaArray(shape, x.dtype)


def _searchsorted(boundaries: MetaArray, values: MetaArray, right: bool) -> MetaArray:
    if boundaries.ndim == 0 or (boundaries.ndim > 1 and boundaries.shape[:-1] != values.shape[:-1]):
        raise ShapeError(
            f"searchsorted: boundaries {boundaries.shape} must be a vector, or have the leading axes of the "
            f"values, {values.shape}"
        )
    return MetaArray(values.shape, np.int64)


def _unique(x: MetaArray, dim: int | None) -> MetaArray:
    raise EngineError("how many elements are distinct depends on the values, and meta tensors have none")


KERNELS: dict[str, Kernel] = {
    "scatter_reduce": _scatter_reduce,
    "as_strided": _as_strided,
    "as_strided_grad": _as_strided_grad,
    "windows": _windows,
    "windows_grad": _windows_grad,
    "searchsorted": _searchsorted,
    "unique": _unique,
}
