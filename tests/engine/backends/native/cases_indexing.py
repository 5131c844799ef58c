"""Calls of the ops that pick by index, and put back, that their rows take."""

from typing import Any

import numpy as np

_GENERATOR = np.random.default_rng(5)


def _drawn(*shape):
    return _GENERATOR.standard_normal(shape).astype(np.float32)


def _below(n, *shape):
    return _GENERATOR.integers(0, n, shape)


_ALL, _HERE = slice(None), True
_TABLE = _drawn(70, 65)
_WORDS = _below(70, 9, 41)
_CUBE = _drawn(6, 17, 43)
_LONG = _below(2000, 3000)

CASES: dict[str, list[Any]] = {
    "embedding": [
        (_TABLE, _WORDS, None, False),
        (_TABLE[::2, ::3], _WORDS[:, 1:30:2] // 2, 3, True),
        (_TABLE, np.array(4), None, False),
    ],
    "embedding_grad": [
        (_drawn(9, 41, 65), _WORDS, 70, None, False),
        (_drawn(41, 9, 128).transpose(1, 0, 2), _WORDS, 70, 69, True),
        (_drawn(9, 41, 20)[..., ::2], _WORDS, 71, 0, False),
        (_drawn(3000, 7), _LONG, 2000, None, True),
        (_drawn(5), np.array(1), 3, None, False),
    ],
    "index": [
        (_TABLE, _WORDS - 30, (_HERE,)),
        (_CUBE, _below(17, 50), (_ALL, _HERE)),
        (_CUBE, _below(43, 5, 30) - 43, (_ALL, _ALL, _HERE)),
        (_CUBE, _below(6, 50, 1), _below(17, 40), (_HERE, _HERE)),
        (_CUBE.transpose(2, 0, 1), _below(6, 33), _below(17, 33), (_ALL, _HERE, _HERE)),
        (_drawn(5000), _below(5000, 90000), (_HERE,)),
        (_WORDS, _below(9, 12), (_HERE,)),
        (_TABLE > 0, _below(70, 3, 4), (_HERE,)),
    ],
    "index_grad": [
        (_drawn(9, 41, 65), _WORDS - 30, (70, 65), (_HERE,)),
        (_drawn(6, 50, 43), _below(17, 50), _CUBE.shape, (_ALL, _HERE)),
        (_drawn(40, 50, 30), _below(31, 30), (40, 50, 31), (_ALL, _ALL, _HERE)),
        (_drawn(40, 50).T[:, :40], _below(6, 50, 1), _below(17, 40), (6, 17), (_HERE, _HERE)),
        (_drawn(90000), _below(5000, 90000), (5000,), (_HERE,)),
    ],
    "gather": [
        (_TABLE, _below(65, 70, 1), 1),
        (_TABLE, _below(65, 33, 90), 1),
        (_TABLE.T, _below(65, 90, 33), 0),
        (_CUBE, _below(17, 6, 400, 43)[:, ::2], 1),
        (_drawn(50), _below(50, 20000), 0),
        (_WORDS, _below(41, 9, 4), 1),
        (_TABLE > 0, _below(65, 70, 2), 1),
    ],
    "scatter": [
        (_TABLE, _below(65, 70, 1), _drawn(70, 1), 1),
        (_TABLE, _below(70, 900, 60), _drawn(60, 900).T, 0),
        (_CUBE, _below(43, 6, 17, 400), np.broadcast_to(_drawn(6, 1, 400), (6, 17, 400)), 2),
        (_drawn(50), _below(50, 20000), _drawn(20000), 0),
        (_WORDS, _below(9, 30, 41), _below(70, 30, 41), 0),
        (_TABLE > 0, _below(65, 70, 9), _drawn(70, 9) > 0, 1),
    ],
    "scatter_add": [
        (_TABLE, _below(65, 70, 1), _drawn(70, 1), 1),
        (_TABLE, _below(70, 900, 60), _drawn(60, 900).T, 0),
        (_CUBE, _below(17, 5, 90, 43)[:, ::2], _drawn(5, 45, 43), 1),
        (_CUBE, _below(43, 6, 17, 400), _drawn(6, 17, 400), 2),
        (_drawn(50), _below(50, 20000), _drawn(20000), 0),
    ],
    "slice_grad": [
        (_TABLE, (210, 65), (slice(70, 140),)),
        (_TABLE, (70, 190), (_ALL, slice(60, 125))),
        (_TABLE[::2], (35, 3, 200), (_ALL, 1, slice(2, 197, 3))),
        (_drawn(6, 1, 17, 43), (6, 20, 50, 43), (_ALL, None, slice(2, 19), 3)),
        (_CUBE, (7, 17, 43), (slice(1, None), Ellipsis)),
        (_drawn(300), (300, 5), (_ALL, 2)),
        (_drawn(3, 200), (3, 5, 200), (_ALL, -1)),
        (_drawn(9, 17)[:, ::2], (9, 9), (slice(None, None, -1), Ellipsis)),
    ],
    "diagonal_grad": [
        (_drawn(65), (70, 65), 0, 0, 1),
        (_drawn(6, 17), (17, 6, 43), 3, 0, 2),
        (_drawn(50)[::2], (30, 25), -5, 0, 1),
    ],
    "pad": [
        (_TABLE, ((0, 0), (3, 0)), 0),
        (_drawn(2, 3, 17, 43), ((1, 2), (0, 5)), 0.0),
        (_CUBE[:, ::2, ::3], ((2, 1), (1, 1), (0, 4)), 0),
        (_drawn(300), ((0, 7),), 0),
    ],
}
