"""Rows of the ops that say where the largest or the least lies."""

import math

import numpy as np

from engine.backends.native.rows import Array, Native, Row, takes

INT64 = np.dtype(np.int64)


def _place(name: str) -> Row:
    def row(x: Array, dim: int, keepdim: bool) -> Native | None:
        if not takes(x) or not x.ndim:
            return None
        shape, after = x.shape[:dim], x.shape[dim + 1 :]
        numbers = (math.prod(shape), x.shape[dim], math.prod(after))
        return Native(name, (x,), (((*shape, *((1,) if keepdim else ()), *after), INT64),), numbers)

    return row


ROWS: dict[str, Row] = {name: _place(name) for name in ("argmax", "argmin")}
