"""Rows of the ops that resample an axis."""

import math

import numpy as np

from engine.backends.native.rows import FLOAT32, Array, Native, Row, takes
from engine.backends.resampling import Rule, Taps, taps, taps_back


def _summed(x: Array, dim: int, table: Taps) -> Native | None:
    size, longest = table.index.shape
    if not size:
        return None
    lead, after = x.shape[:dim], x.shape[dim + 1 :]
    numbers = (math.prod(lead), x.shape[dim], math.prod(after), size, longest)
    operands = (x, table.index, table.weight.astype(np.float32), table.count)
    return Native("resample", operands, (((*lead, size, *after), FLOAT32),), numbers)


def resample(x: Array, dim: int, size: int, rule: Rule) -> Native | None:
    return _summed(x, dim, taps(x.shape[dim], size, rule, "float32")) if takes(x) else None


def resample_grad(g: Array, dim: int, size: int, rule: Rule) -> Native | None:
    return _summed(g, dim, taps_back(size, g.shape[dim], rule, "float32")) if takes(g) else None


ROWS: dict[str, Row] = {"resample": resample, "resample_grad": resample_grad}
