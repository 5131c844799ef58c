"""Rows of the reductions, over any axes of arrays of any strides."""

import math
from collections.abc import Sequence
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

Dims = tuple[int, ...]


def _mask(dim: Dims) -> int:
    return sum(1 << axis for axis in dim)


def _shape(x: Array, dim: Dims, keepdim: bool) -> Shape:
    if keepdim:
        return tuple([1 if axis in dim else n for axis, n in enumerate(x.shape)])
    return tuple([n for axis, n in enumerate(x.shape) if axis not in dim])


def _count(x: Array, dim: Dims) -> int:
    return math.prod([x.shape[axis] for axis in dim])


def _reduced(
    name: str,
    x: Array,
    dim: Dims,
    keepdim: bool,
    result: np.dtype[Any] = FLOAT32,
    reals: Sequence[float] = (),
) -> Native | None:
    """None for an empty array too, of which there may be no extreme."""
    if not x.size or x.ndim > MOST_AXES:
        return None
    return Native(name, (x,), ((_shape(x, dim, keepdim), result),), (_mask(dim),), tuple(reals))


# what each dtype is summed in
_SUMS: dict[np.dtype[Any], np.dtype[Any]] = {
    **{dtype: dtype for dtype in (FLOAT32, FLOAT64, INT64)},
    **dict.fromkeys((INT32, UINT8, BOOL), INT64),
}


def sum_(x: Array, dim: Dims, keepdim: bool) -> Native | None:
    result = _SUMS.get(x.dtype)
    return None if result is None else _reduced("sum", x, dim, keepdim, result)


def _of_floats(name: str) -> Row:
    def row(x: Array, dim: Dims, keepdim: bool) -> Native | None:
        return _reduced(name, x, dim, keepdim) if x.dtype is FLOAT32 else None

    return row


def prod(x: Array, dim: int, keepdim: bool) -> Native | None:
    return _reduced("prod", x, (dim,), keepdim) if x.dtype is FLOAT32 and x.ndim else None


def _of_bools(name: str) -> Row:
    def row(x: Array, dim: Dims, keepdim: bool) -> Native | None:
        return _reduced(name, x, dim, keepdim, BOOL) if x.dtype is BOOL else None

    return row


def _spread(x: Array, dim: Dims, correction: float, keepdim: bool, root: bool) -> Native | None:
    degrees = _count(x, dim) - correction
    if x.dtype is not FLOAT32 or degrees <= 0:
        return None
    return _reduced("var", x, dim, keepdim, FLOAT32, (degrees, root))


def var(x: Array, dim: Dims, correction: float, keepdim: bool) -> Native | None:
    return _spread(x, dim, correction, keepdim, False)


def std(x: Array, dim: Dims, correction: float, keepdim: bool) -> Native | None:
    return _spread(x, dim, correction, keepdim, True)


def vector_norm(x: Array, p: float, dim: Dims, keepdim: bool) -> Native | None:
    if x.dtype is not FLOAT32 or p not in (1, 2, math.inf):
        return None
    return _reduced("vector_norm", x, dim, keepdim, FLOAT32, (p,))


ROWS: dict[str, Row] = {
    "sum": sum_,
    **{name: _of_floats(name) for name in ("mean", "amax", "amin", "logsumexp")},
    "prod": prod,
    "any": _of_bools("any"),
    "all": _of_bools("all"),
    "var": var,
    "std": std,
    "vector_norm": vector_norm,
}
