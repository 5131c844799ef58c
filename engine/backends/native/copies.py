"""Rows of the ops that copy, convert and overwrite, of arrays of any strides."""

import math
from typing import Any

import numpy as np

from engine.backends.native.rows import (
    BOOL,
    FLOAT32,
    FLOAT64,
    INT32,
    INT64,
    MOST_AXES,
    UINT8,
    Array,
    Native,
    Row,
    Shape,
)
from engine.dtypes import DType

_DTYPES = (FLOAT32, FLOAT64, INT64, INT32, UINT8, BOOL)


def _plain(*arrays: Array) -> bool:
    """Whether these are of one dtype that copies can have."""
    dtype = arrays[0].dtype
    return dtype in _DTYPES and all(a.dtype == dtype and a.ndim <= MOST_AXES for a in arrays)


def clone(x: Array) -> Native | None:
    return Native("clone", (x,), ((x.shape, x.dtype),)) if _plain(x) else None


def reshape(x: Array, shape: Shape) -> Native | None:
    """None where the result is a view."""
    if x.flags.c_contiguous or not _plain(x):
        return None
    try:
        x.reshape(shape, copy=False)
    except ValueError:  # it takes a copy, or doesn't fit at all
        if math.prod(x.shape) == math.prod(shape):
            return Native("clone", (x,), ((shape, x.dtype),))
    return None


def flip(x: Array, dim: Shape) -> Native | None:
    return clone(np.flip(x, dim) if dim else x)


def cast(x: Array, dtype: DType) -> Native | None:
    if not _plain(x) or dtype.numpy not in _DTYPES:
        return None
    return Native("cast", (x,), ((x.shape, dtype.numpy),))


def _overwritten(x: Array, source: Array) -> Native | None:
    if not _plain(x, source) or not x.flags.writeable or np.may_share_memory(x, source):
        return None
    if source.ndim > x.ndim:
        return None
    if source.shape != x.shape:
        np.broadcast_to(source, x.shape)  # ValueError where it doesn't fit
    return Native("copy", (x, source), ())


def copy(x: Array, source: Array) -> Native | None:
    return _overwritten(x, source)


def assign(x: Array, source: Array, *args: Any) -> Native | None:
    """Of a part that is a view of x; x[indices] = source is left to NumPy."""
    (key,) = args[-1:]
    return None if len(args) > 1 or any(part is True for part in key) else _overwritten(_part(x, key), source)


def _part(x: Array, key: tuple[Any, ...]) -> Array:
    return x[key if Ellipsis in key else (*key, Ellipsis)]


def accumulate(x: Array, source: Array) -> Native | None:
    if x.dtype is not FLOAT32 or source.dtype is not FLOAT32 or x.shape != source.shape or x.ndim > MOST_AXES:
        return None
    if not x.flags.writeable or np.may_share_memory(x, source):
        return None
    return Native("accumulate", (x, source), ())


def _numbers(value: float, dtype: np.dtype[Any]) -> tuple[tuple[int], tuple[float]] | None:
    """A number as kernels read it; None where the dtype doesn't hold it."""
    if dtype.kind == "f":
        return (0,), (float(value),)
    if dtype is BOOL:
        return (int(bool(value)),), (0.0,)
    if not math.isfinite(value):
        return None
    bounds = np.iinfo(dtype)
    return ((int(value),), (0.0,)) if bounds.min <= value <= bounds.max else None


def fill(x: Array, value: float) -> Native | None:
    numbers = _numbers(value, x.dtype) if _plain(x) and x.flags.writeable else None
    return None if numbers is None else Native("fill", (x,), (), *numbers)


def full(shape: Shape, value: float, dtype: DType) -> Native | None:
    numbers = _numbers(value, dtype.numpy) if dtype.numpy in _DTYPES else None
    return None if numbers is None else Native("full", (), ((shape, dtype.numpy),), *numbers)


def _joined(tensors: tuple[Array, ...], dim: int) -> Native | None:
    if not _plain(*tensors):
        return None
    first = tensors[0].shape
    rest = first[:dim], first[dim + 1 :]
    if any((x.shape[:dim], x.shape[dim + 1 :]) != rest or x.ndim != len(first) for x in tensors):
        return None
    shape = (*rest[0], sum(x.shape[dim] for x in tensors), *rest[1])
    return Native("cat", tensors, ((shape, tensors[0].dtype),), (dim, len(tensors)))


def cat(*args: Any) -> Native | None:
    return _joined(args[:-1], args[-1])


def stack(*args: Any) -> Native | None:
    key = (slice(None),) * args[-1] + (None, Ellipsis)
    return _joined(tuple([x[key] for x in args[:-1]]), args[-1])


def _triangle(x: Array, diagonal: int, upper: bool) -> Native | None:
    if x.dtype is not FLOAT32 or not x.flags.c_contiguous or not x.size or not 2 <= x.ndim <= MOST_AXES:
        return None
    rows, columns = x.shape[-2:]
    # beyond the corners nothing changes, and sums of rows and diagonals fit 64 bits
    edge = max(-rows, min(diagonal, columns))
    return Native("triangle", (x,), ((x.shape, FLOAT32),), (edge, upper))


def tril(x: Array, diagonal: int) -> Native | None:
    return _triangle(x, diagonal, False)


def triu(x: Array, diagonal: int) -> Native | None:
    return _triangle(x, diagonal, True)


ROWS: dict[str, Row] = {
    "clone": clone,
    "reshape": reshape,
    "flip": flip,
    "cast": cast,
    "copy": copy,
    "assign": assign,
    "accumulate": accumulate,
    "fill": fill,
    "cat": cat,
    "stack": stack,
    "tril": tril,
    "triu": triu,
    "full": full,
}
