"""Rows of the ops that say where the largest or the least lies, and which it is."""

import math

from engine.backends.native.rows import FLOAT32, INT64, Array, Native, Row, takes


def _place(name: str, valued: bool) -> Row:
    """valued: whether it gives the values too"""

    def row(x: Array, dim: int, keepdim: bool) -> Native | None:
        if not takes(x) or not x.ndim:
            return None
        lead, after = x.shape[:dim], x.shape[dim + 1 :]
        shape = (*lead, *((1,) if keepdim else ()), *after)
        forms = ((shape, FLOAT32), (shape, INT64)) if valued else ((shape, INT64),)
        return Native(name, (x,), forms, (math.prod(lead), x.shape[dim], math.prod(after)))

    return row


ROWS: dict[str, Row] = {
    **{name: _place(name, False) for name in ("argmax", "argmin")},
    **{name: _place(name, True) for name in ("max", "min")},
}
