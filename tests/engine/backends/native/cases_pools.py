"""Calls of the pools that their rows take."""

import numpy as np

from engine.backends import NUMPY
from engine.backends.windows import positions

# shape, then kernel, stride, padding, dilation, ceil_mode
MAX = [
    ((2, 3, 24, 26), (2, 2), (2, 2), (0, 0), (1, 1), False),
    # windows in rows of two and four, with what is left over beside them
    ((3, 5, 27, 37), (3, 2), (4, 2), (0, 0), (1, 1), False),
    ((4, 7, 245), (4,), (4,), (0,), (1,), False),
    ((4, 7, 247), (4,), (4,), (0,), (1,), True),
    ((6, 1, 100), (2,), (2,), (0,), (1,), False),
    # that overlap, and reach beyond all sides
    ((2, 4, 33, 31), (3, 3), (2, 2), (1, 1), (1, 1), False),
    ((2, 4, 17, 19), (5, 3), (1, 1), (2, 1), (1, 1), False),
    ((2, 4, 18, 22), (3, 3), (2, 3), (1, 0), (1, 1), True),
    # with gaps, and with a window that is the whole plane
    ((2, 3, 20, 25), (3, 2), (2, 5), (0, 0), (2, 3), True),
    ((40, 60, 4, 4), (4, 4), (4, 4), (0, 0), (1, 1), False),
    # more planes than lie side by side, rows that nothing is taken of, more rows than are taken at once
    ((5, 7, 9, 7), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((3, 6, 11, 13), (2, 3), (5, 4), (1, 1), (1, 1), False),
    ((1, 2, 200, 300), (3, 2), (1, 2), (1, 0), (1, 1), False),
    ((2, 9, 70, 90), (3, 3), (2, 2), (1, 1), (1, 1), True),
    # rows that are cut, and more places than a byte counts
    ((2, 9, 9001), (3,), (2,), (1,), (1,), False),
    ((1, 3, 3, 4003), (3, 4), (1, 3), (1, 2), (1, 1), True),
    ((2, 3, 40, 41), (17, 16), (3, 5), (8, 0), (1, 1), False),
]
# shape, then kernel, stride, padding, ceil_mode, whether padding counts, divisor
AVG = [
    ((2, 3, 24, 26), (2, 2), (2, 2), (0, 0), False, True, None),
    ((4, 7, 247), (4,), (4,), (1,), True, True, None),
    ((2, 4, 33, 31), (3, 3), (2, 2), (1, 1), False, False, None),
    ((2, 4, 17, 19), (5, 3), (1, 1), (2, 1), False, True, None),
    ((2, 4, 18, 22), (3, 3), (2, 3), (1, 0), True, False, None),
    ((2, 4, 18, 22), (3, 5), (2, 5), (1, 2), True, True, 7),
    ((40, 60, 4, 4), (4, 4), (4, 4), (0, 0), False, True, None),
    ((1, 2, 200, 300), (3, 2), (1, 2), (1, 0), False, True, None),
]


def _drawn(*shapes):
    generator = np.random.default_rng(7)
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes]


def _special(shape):
    """Equal elements, NaN, and planes of -inf."""
    x = np.round(_drawn(shape)[0])
    x[np.random.default_rng(5).random(shape) < 0.05] = np.nan
    x[:, 0] = -np.inf
    return x


def _max_operands(shape, *attrs):
    return (*_drawn(shape), *attrs)


def _results(shape, kernel, stride, padding, dilation, ceil_mode):
    return (*shape[:2], *positions(shape[2:], kernel, stride, padding, dilation, ceil_mode))


def _avg_grad(shape, kernel, stride, padding, ceil_mode, *rest):
    space = _results(shape, kernel, stride, padding, (1,) * len(kernel), ceil_mode)
    return (*_drawn(space), shape[2:], kernel, stride, padding, ceil_mode, *rest)


def _places(x, *attrs):
    """The places that are chosen, and the attributes of what reads them."""
    return NUMPY.kernels["max_pool"](x, *attrs)[1], x.shape[2:], *attrs[:4]


def _grad(x, *attrs):
    places, *rest = _places(x, *attrs)
    return (*_drawn(places.shape), places, *rest)


CHOICES = [
    *[_max_operands(*case) for case in MAX],
    *[(_special(shape), *attrs) for shape, *attrs in MAX[:6]],
]
CASES = {
    "max_pool": CHOICES,
    "max_pool_indices": [_places(*case) for case in CHOICES],
    "max_pool_grad": [_grad(*case) for case in CHOICES],
    "adaptive_max_pool_indices": [
        (*_drawn((4, 5, 700)), (6,)),
        (*_drawn((4, 5, 31, 17)), (7, 17)),
        (_special((6, 5, 30, 17)), (4, 3)),
    ],
    "avg_pool": [(*_drawn(shape), *attrs) for shape, *attrs in AVG],
    "avg_pool_grad": [_avg_grad(*case) for case in AVG],
}
