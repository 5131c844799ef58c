"""Rows of the matrix products."""

import numpy as np

from engine.backends.native.rows import FLOAT32, MOST_AXES, Array, Native, Row, takes


def _lead(a: Array, b: Array) -> tuple[int, ...] | None:
    """The leading axes of a @ b; None where NumPy is to say that they don't fit."""
    left, right = a.shape[:-2], b.shape[:-2]
    if left == right or not right:
        return left
    if not left:
        return right
    try:
        return np.broadcast_shapes(left, right)
    except ValueError:
        return None


def matmul(a: Array, b: Array) -> Native | None:
    if a.dtype is not FLOAT32 or b.dtype is not FLOAT32 or a.ndim < 2 or b.ndim < 2:
        return None
    if a.shape[-1] != b.shape[-2] or max(a.ndim, b.ndim) > MOST_AXES:
        return None
    lead = _lead(a, b)
    if lead is None:
        return None
    return Native("matmul", (a, b), (((*lead, a.shape[-2], b.shape[-1]), FLOAT32),))


def _fits(x: Array, weight: Array) -> bool:
    return (
        x.dtype is FLOAT32
        and weight.dtype is FLOAT32
        and weight.ndim == 2
        and 0 < x.ndim <= MOST_AXES
        and x.shape[-1] == weight.shape[1]
    )


def linear(x: Array, weight: Array, bias: Array) -> Native | None:
    if not _fits(x, weight) or not takes(bias) or bias.shape != weight.shape[:1]:
        return None
    out = (*x.shape[:-1], weight.shape[0])
    return Native("linear", (x if x.ndim > 1 else x[None], weight.T, bias), ((out, FLOAT32),))


def linear_no_bias(x: Array, weight: Array) -> Native | None:
    if not _fits(x, weight):
        return None
    out = (*x.shape[:-1], weight.shape[0])
    return Native("matmul", (x if x.ndim > 1 else x[None], weight.T), ((out, FLOAT32),))


ROWS: dict[str, Row] = {"matmul": matmul, "linear": linear, "linear_no_bias": linear_no_bias}
