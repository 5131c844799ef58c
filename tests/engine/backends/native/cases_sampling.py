"""Calls of the ops that resample an axis."""

import numpy as np


def _drawn(*shape):
    return np.random.default_rng(29).standard_normal(shape).astype(np.float32)


_RULES = [
    ("nearest", False, None),
    ("exact", False, 1.7),
    ("linear", True, None),
    ("cubic", False, None),
    ("smooth", False, None),
    ("smooth_cubic", False, None),
    ("parts", False, None),
]
_FORMS = [(_drawn(3, 4, 17, 20), 2), (_drawn(2, 5, 33), 2), (_drawn(40, 9, 130), 1)]

CASES = {
    "resample": [(x, dim, size, rule) for x, dim in _FORMS for size in (7, 40) for rule in _RULES],
    "resample_grad": [(x, dim, size, rule) for x, dim in _FORMS for size in (7, 40) for rule in _RULES],
}
