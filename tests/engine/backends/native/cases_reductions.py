"""Calls of the reductions that their rows take: rows, columns and whole arrays, strided, with NaN."""

import math
from typing import Any

import numpy as np

_X = (3 + np.random.default_rng(13).standard_normal((6, 35, 67))).astype(np.float32)
_TALL = np.random.default_rng(14).standard_normal((3001, 65)).astype(np.float32)
_LONG = np.random.default_rng(15).standard_normal((70, 5, 1300)).astype(np.float32)
_WIDE = np.random.default_rng(16).standard_normal((37, 1030)).astype(np.float32)
_MISSING = _X.copy()
_MISSING[1, 2, 3] = np.nan
_MISSING[2, 3, 4] = np.inf

# array, axes, whether they stay
_FORMS = [
    (_X, (2,), False),
    (_X, (0,), True),
    (_X, (1,), False),
    (_X, (0, 2), False),
    (_X, (0, 1, 2), False),
    (_X.transpose(2, 0, 1), (0, 2), True),
    (_X[:, ::2, ::3], (1,), False),
    (np.broadcast_to(_X[:, :1, :1], _X.shape), (0, 2), False),
    (_X[0, 0, 0, ...], (), False),
    (_TALL, (0,), False),
    (_TALL.T, (0,), False),
    (_LONG, (0, 2), False),
    (_LONG, (0, 1, 2), True),
    (_WIDE, (0,), False),
    (_MISSING, (0, 1), False),
]
_INTS = [(np.random.default_rng(17).integers(-9, 9, (70, 80)), dim, False) for dim in ((0,), (0, 1))]
_BOOLS = [(_LONG > 3.5, dim, False) for dim in ((0,), (2,), (0, 1, 2))]

CASES: dict[str, list[Any]] = {
    "sum": [
        *_FORMS,
        *_INTS,
        *_BOOLS,
        (_INTS[0][0].astype(np.int32), (1,), True),
        (_TALL.astype(np.float64), (0,), False),
    ],
    **dict.fromkeys(("mean", "amax", "amin", "logsumexp"), _FORMS),
    "prod": [(1 + x / 100, *dim, keep) for x, dim, keep in _FORMS if len(dim) == 1],
    "any": [*_BOOLS, (_LONG > 100, (2,), False)],
    "all": [*_BOOLS, (_LONG < 100, (2,), False), (_LONG < 2, (1,), True)],
    **{
        name: [(x, dim, correction, keep) for x, dim, keep in _FORMS[:8] for correction in (0, 1)]
        for name in ("var", "std")
    },
    "vector_norm": [(x, p, dim, keep) for x, dim, keep in _FORMS[3:6] for p in (1, 2.0, math.inf)],
}
