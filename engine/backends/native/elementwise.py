"""Rows of the element-wise ops, which broadcast and take any strides."""

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

_FLOATS = (FLOAT32,)
_NUMBERS = (FLOAT32, INT64, FLOAT64)
_WIDTHS = (FLOAT32, FLOAT64, INT64, INT32, UINT8, BOOL)


def _shape(a: Array, b: Array) -> Shape:
    """The shape to which both broadcast; ValueError where there is none."""
    return a.shape if a.shape == b.shape else np.broadcast(a, b).shape


def _function(
    name: str, dtypes: tuple[np.dtype[Any], ...] = _FLOATS, result: np.dtype[Any] | None = None
) -> Row:
    """Of one array."""

    def row(x: Array) -> Native | None:
        if x.dtype not in dtypes or x.ndim > MOST_AXES:
            return None
        return Native(name, (x,), ((x.shape, result or x.dtype),))

    return row


def _pair(name: str, dtypes: tuple[np.dtype[Any], ...] = _FLOATS, result: np.dtype[Any] | None = None) -> Row:
    """Of two arrays of one dtype."""

    def row(a: Array, b: Array) -> Native | None:
        if a.dtype not in dtypes or b.dtype != a.dtype or max(a.ndim, b.ndim) > MOST_AXES:
            return None
        return Native(name, (a, b), ((_shape(a, b), result or a.dtype),))

    return row


def _gradient(name: str) -> Row:
    """Of the gradient of a function and what the function gave, which have one shape."""

    def row(g: Array, out: Array) -> Native | None:
        if g.dtype is not FLOAT32 or out.dtype is not FLOAT32 or g.shape != out.shape or g.ndim > MOST_AXES:
            return None
        return Native(name, (g, out), ((g.shape, FLOAT32),))

    return row


def _bounds(low: float | None, high: float | None) -> tuple[float, float] | None:
    """As numbers; None where one is NaN."""
    reals = (-math.inf if low is None else float(low), math.inf if high is None else float(high))
    return None if any(map(math.isnan, reals)) else reals


def _clamped(name: str) -> Row:
    """Of one array and bounds."""

    def row(x: Array, low: float | None, high: float | None) -> Native | None:
        reals = _bounds(low, high)
        if x.dtype is not FLOAT32 or x.ndim > MOST_AXES or reals is None:
            return None
        return Native(name, (x,), ((x.shape, FLOAT32),), (), reals)

    return row


def _clamped_gradient(name: str) -> Row:
    """Of the gradient of a function with bounds and an array of the same shape."""
    plain = _gradient(name)

    def row(g: Array, x: Array, low: float | None, high: float | None) -> Native | None:
        made, reals = plain(g, x), _bounds(low, high)
        return None if made is None or reals is None else made._replace(reals=reals)

    return row


def where(condition: Array, a: Array, b: Array) -> Native | None:
    if condition.dtype is not BOOL or a.dtype not in _WIDTHS or a.dtype != b.dtype:
        return None
    shape = np.broadcast(condition, a, b).shape
    return Native("where", (condition, a, b), ((shape, a.dtype),)) if len(shape) <= MOST_AXES else None


_FUNCTIONS = (
    "neg abs sign square sqrt rsqrt reciprocal relu floor ceil trunc round exp exp2 expm1 log log2 log10 "
    "log1p erf sin cos tanh sigmoid logsigmoid"
)
_PAIRS = "pow xlogy fmax fmin copysign hypot logaddexp fmod remainder floor_divide"
ROWS: dict[str, Row] = {
    **{name: _function(name) for name in _FUNCTIONS.split()},
    **{name: _pair(name, _NUMBERS) for name in ("add", "sub", "mul", "maximum", "minimum")},
    "div": _pair("div", (FLOAT32, FLOAT64)),
    **{name: _pair(name) for name in _PAIRS.split()},
    **{name: _gradient(name) for name in ("relu_grad", "tanh_grad", "sigmoid_grad")},
    **{name: _pair(name, (*_NUMBERS, BOOL), BOOL) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{name: _pair(name, (BOOL,), BOOL) for name in ("logical_and", "logical_or", "logical_xor")},
    "logical_not": _function("logical_not", (BOOL,), BOOL),
    **{name: _function(name, result=BOOL) for name in ("isnan", "isinf", "isfinite")},
    "clamp": _clamped("clamp"),
    "clamp_grad": _clamped_gradient("clamp_grad"),
    "hardtanh": _clamped("clamp"),
    "hardtanh_grad": _clamped_gradient("hardtanh_grad"),
    "where": where,
}
