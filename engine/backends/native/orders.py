"""Rows of the ops that put elements in order."""

import math

from engine.backends.native.rows import FLOAT32, FLOAT64, INT64, Array, Native, Row


def _ordered(x: Array, dim: int, kept: int, descending: bool) -> Native | None:
    if x.dtype not in (FLOAT32, FLOAT64, INT64) or not x.ndim or not x.size or not x.flags.c_contiguous:
        return None
    lead, n, after = x.shape[:dim], x.shape[dim], x.shape[dim + 1 :]
    if not 0 < kept <= n:
        return None
    shape = (*lead, kept, *after)
    numbers = (math.prod(lead), n, math.prod(after), kept, descending)
    return Native("sort", (x,), ((shape, x.dtype), (shape, INT64)), numbers)


def sort(x: Array, dim: int, descending: bool) -> Native | None:
    return _ordered(x, dim, x.shape[dim], descending) if x.ndim else None


def topk(x: Array, k: int, dim: int, largest: bool) -> Native | None:
    return _ordered(x, dim, k, largest)


ROWS: dict[str, Row] = {"sort": sort, "topk": topk}
