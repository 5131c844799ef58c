"""Calls of the running sums and products."""

import numpy as np


def _drawn(*shape):
    return np.random.default_rng(19).standard_normal(shape).astype(np.float32)


_FORMS = [
    (_drawn(9), 0),
    (_drawn(70, 65), 0),
    (_drawn(70, 65), 1),
    (_drawn(3, 41, 517), 1),
    (_drawn(1, 1, 300), 1),
    (_drawn(5, 300).astype(np.float64), 1),
]
_INTS = np.random.default_rng(20).integers(-3, 4, (17, 130))

CASES = {
    "cumsum": [*_FORMS, (_INTS, 0), (_INTS, 1)],
    "cumprod": [*[(1 + x / 10, dim) for x, dim in _FORMS], (_INTS, 0), (_INTS, 1)],
}
