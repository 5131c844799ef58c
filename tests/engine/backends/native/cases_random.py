"""Calls of the random ops that their rows take."""

from typing import Any

import numpy as np

from engine.dtypes import float32, float64

_KEYS = [np.array(key) for key in ((0, 0, 0), (1234567, -3, 41), (-1, 2, -3))]
_X = np.random.default_rng(41).standard_normal((9, 31, 33)).astype(np.float32)
_MISSING = np.array([1, -1, np.nan, np.inf, -np.inf, 0, -0.0] * 9, np.float32)

CASES: dict[str, list[Any]] = {
    "random_uniform": [
        *[(key, (101, 103), dtype) for key in _KEYS for dtype in (float32, float64)],
        (_KEYS[1], (), float32),
        (_KEYS[1], (0, 3), float32),
        (np.repeat(_KEYS[1], 2)[::2], (9,), float64),
    ],
    "random_normal": [(_KEYS[1], (101, 103), float32), (_KEYS[0], (7,), float32)],
    "bernoulli": [(abs(_X) % 1, _KEYS[1]), (np.array(0.5, np.float32), _KEYS[0])],
    "dropout": [
        *[(_X, key, p) for key in _KEYS for p in (0.2, 0.5)],
        (_X, _KEYS[1], 0.0),
        (_X, _KEYS[1], 1),
        (_X, _KEYS[1], 1 - 1e-11),  # of which 2^32 draws keep none
        (_X.transpose(2, 0, 1), _KEYS[1], 0.9),
        (_MISSING, _KEYS[1], 0.5),
    ],
}
