"""Calls of the ops that put elements in order."""

import numpy as np


def _x(*shape):
    """Whole numbers, of which many are equal, zeros of both signs, infinities and some NaNs."""
    generator = np.random.default_rng(23)
    x = generator.integers(-9, 9, shape).astype(np.float32)
    for value in (np.nan, np.inf, -np.inf, -0.0):
        x[generator.random(shape) < 0.03] = value
    return x


_FORMS = [(_x(67, 41), 1), (_x(67, 41), 0), (_x(3, 50, 7), 1), (_x(5000), 0), (_x(4, 1, 3), 1)]
_INTS = np.random.default_rng(24).integers(-50, 50, (30, 200))
_ALL = [*_FORMS, (_x(9, 130).astype(np.float64), 1), (_INTS, 1)]

# of few among many, which of equal ones are taken is left open by NumPy's
_DISTINCT = np.random.default_rng(25).permutation(30 * 200).reshape(30, 200)

CASES = {
    "sort": [(x, dim, down) for x, dim in _ALL for down in (False, True)],
    "topk": [(x, k, dim, k % 2 == 0) for x, dim in _ALL for k in (x.shape[dim], x.shape[dim] // 2 + 1)]
    + [(_DISTINCT.astype(t), 5, dim, dim == 0) for t in (np.int64, np.float32) for dim in (0, 1)],
}
