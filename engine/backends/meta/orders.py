"""Shapes of what is sorted, accumulated or placed along one axis, and of diagonals."""

from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray, Shape, reduced
from engine.backends.meta.reductions import wide
from engine.backends.meta.shapes import check_along
from engine.backends.registry import Kernel
from engine.errors import ShapeError


def _prod(x: MetaArray, dim: int, keepdim: bool) -> MetaArray:
    return MetaArray(reduced(x.shape, (dim,), keepdim), wide(x.dtype))


def _cumprod(x: MetaArray, dim: int) -> MetaArray:
    return MetaArray(x.shape, wide(x.dtype))


def _picked(x: MetaArray, *_: Any) -> tuple[MetaArray, MetaArray]:
    return MetaArray(x.shape, x.dtype), MetaArray(x.shape, np.int64)


def _topk(x: MetaArray, k: int, dim: int, largest: bool) -> tuple[MetaArray, MetaArray]:
    shape = (*x.shape[:dim], k, *x.shape[dim + 1 :]) if x.shape else ()
    return MetaArray(shape, x.dtype), MetaArray(shape, np.int64)


def _linear_scan(b: MetaArray, a: MetaArray, dim: int) -> MetaArray:
    if a.shape != b.shape:
        raise ShapeError(f"linear_scan: {b.shape} and {a.shape} must have the same shape")
    return MetaArray(b.shape, b.dtype)


def _diagonal(x: MetaArray, offset: int, dim1: int, dim2: int) -> MetaArray:
    if x.ndim < 2 or dim1 == dim2:
        raise ShapeError(f"diagonal: two different axes are needed, not {dim1} and {dim2} of {x.shape}")
    rows, columns = x.shape[dim1], x.shape[dim2]
    length = max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)
    return MetaArray((*reduced(x.shape, (dim1, dim2), False), length), x.dtype)


def _diagonal_grad(x: MetaArray, shape: Shape, offset: int, dim1: int, dim2: int) -> MetaArray:
    return MetaArray(shape, x.dtype)


def _scatter(x: MetaArray, index: MetaArray, source: MetaArray, dim: int) -> MetaArray:
    check_along("scatter", x, index, dim)
    if index.shape != source.shape:
        raise ShapeError(f"scatter: index {index.shape} and source {source.shape} must have the same shape")
    return MetaArray(x.shape, x.dtype)


KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(("sort", "cummax", "cummin"), _picked),
    "linear_scan": _linear_scan,
    "topk": _topk,
    "prod": _prod,
    "cumprod": _cumprod,
    "diagonal": _diagonal,
    "diagonal_grad": _diagonal_grad,
    "scatter": _scatter,
}
