"""Rows of the running sums and products."""

import math

from engine.backends.native.rows import FLOAT32, FLOAT64, INT64, Array, Native, Row, like


def _scan(name: str) -> Row:
    def row(x: Array, dim: int) -> Native | None:
        if x.dtype not in (FLOAT32, FLOAT64, INT64) or not x.ndim or not x.size or not x.flags.c_contiguous:
            return None
        sizes = (math.prod(x.shape[:dim]), x.shape[dim], math.prod(x.shape[dim + 1 :]))
        return Native(name, (x,), (like(x),), sizes)

    return row


ROWS: dict[str, Row] = {name: _scan(name) for name in ("cumsum", "cumprod")}
