"""Calls of the ops that say where the largest or the least lies, and which it is."""

import numpy as np


def _x(*shape):
    """Whole numbers, of which many are equal, and some NaNs."""
    generator = np.random.default_rng(11)
    x = generator.integers(-9, 9, shape).astype(np.float32)
    x[generator.random(shape) < 0.02] = np.nan
    return x


_OPERANDS = [
    (_x(67, 10), 1, False),
    (_x(67, 10), 0, True),
    (_x(5, 7, 301), 1, False),
    (_x(3, 4, 5, 130), 2, True),
    (_x(9001), 0, False),
    (_x(4, 1, 3), 1, False),
]
CASES = dict.fromkeys(("argmax", "argmin", "max", "min"), _OPERANDS)
