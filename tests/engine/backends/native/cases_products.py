"""Calls of the matrix products that their rows take: batched, broadcast, transposed, empty, of odd sizes."""

from typing import Any

import numpy as np

# m, n, k: of whole tiles and not, of few rows or one column, of no row, of no sum, of several blocks of depth
SIZES = [
    (1, 1, 1),
    (1, 70, 130),
    (3, 517, 40),
    (2, 300, 70),
    (4, 37, 259),
    (5, 1, 300),
    (13, 90, 515),
    (64, 10, 128),
    (15, 33, 17),
    (97, 65, 259),
    (200, 131, 600),
    (33, 2100, 5),
    (0, 3, 4),
    (3, 0, 4),
    (3, 4, 0),
]


def _drawn(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def _transposed(*shape):
    return _drawn(*shape[:-2], shape[-1], shape[-2]).swapaxes(-1, -2)


def _spread(*shape):
    """With gaps everywhere."""
    return _drawn(*shape[:-1], 3 * shape[-1])[..., ::3]


LIES = [_drawn, _transposed, _spread]

MATMUL = [
    *[(a(m, k), b(k, n)) for m, n, k in SIZES for a in LIES for b in LIES],
    # rows along all leading axes are those of one matrix, except where their steps are uneven
    (_drawn(3, 5, 11, 20), _drawn(20, 9)),
    (_drawn(3, 5, 11, 20)[:, ::2], _transposed(20, 9)),
    (_drawn(7, 1, 40), _drawn(40, 33)),
    (_drawn(1, 7, 40), _drawn(5, 40, 33)),
    # a matrix for each, or one for many
    (_drawn(6, 17, 30), _drawn(6, 30, 21)),
    (_transposed(6, 17, 30), _transposed(6, 30, 21)),
    (_drawn(2, 1, 17, 30), _drawn(3, 30, 21)),
    (_drawn(17, 30), _drawn(2, 3, 30, 21)),
    (np.broadcast_to(_drawn(17, 30), (4, 17, 30)), _drawn(4, 30, 21)),
    (np.broadcast_to(_drawn(1), (40, 50)), _drawn(50, 60)),
    (_drawn(2, 8, 4, 16).transpose(0, 2, 1, 3), _drawn(2, 8, 4, 16).transpose(0, 2, 3, 1)),
    (_drawn(0, 3, 4), _drawn(4, 5)),
    (_drawn(100, 3, 4), _drawn(100, 4, 5)),
    (_drawn(2, 300, 270), _drawn(2, 270, 310)),
    # many rows, whose pieces share a packed right side: of all columns at once, and of some after the others
    *[(a(470, 330), b(330, 139)) for a in LIES for b in LIES],
    (_drawn(450, 17000), _transposed(17000, 66)),
    # many columns, whose pieces share a packed left side
    (_drawn(33, 1024), _drawn(1024, 530)),
    (_spread(45, 330), _transposed(330, 530)),
    (_transposed(1100, 40)[:35], _drawn(40, 515)),
]
LINEAR = [
    (x, weight, _drawn(weight.shape[0]))
    for x, weight in [
        (_drawn(64, 784), _drawn(128, 784)),
        (_drawn(64, 128), _drawn(10, 128)),
        (_drawn(7, 300, 65), _drawn(67, 65)),
        (_drawn(31, 1024), _drawn(530, 1024)),
        (_transposed(90, 41), _transposed(33, 41)),
        (_drawn(50), _drawn(200, 50)),
        (_drawn(5, 6, 41)[:, 1:5], _spread(33, 41)),
        (_drawn(0, 4), _drawn(3, 4)),
        (_drawn(4, 0), _drawn(3, 0)),
    ]
]
CASES: dict[str, list[Any]] = {
    "matmul": MATMUL,
    "linear": LINEAR,
    "linear_no_bias": [case[:2] for case in LINEAR],
}
