"""Calls of the ops that copy, convert and overwrite, that their rows take."""

from typing import Any

import numpy as np

from engine.dtypes import bool_, float32, float64, int32, int64, uint8

_X = np.random.default_rng(21).standard_normal((5, 37, 70)).astype(np.float32)
_Y = np.random.default_rng(22).standard_normal((5, 37, 70)).astype(np.float32)
_PICTURES = np.random.default_rng(23).standard_normal((3, 17, 33, 20)).astype(np.float32)
_INTS = np.random.default_rng(24).integers(0, 100, (60, 90))
_BOOLS = _X > 0
_ALL = slice(None)

CASES: dict[str, list[Any]] = {
    "clone": [
        (_X,),
        (_X[:, ::2, ::3],),
        # turned: planes of pictures, matrices, and what lies against its axes
        (_PICTURES.transpose(0, 2, 3, 1),),
        (_PICTURES.transpose(3, 1, 0, 2),),
        (_PICTURES.transpose(0, 2, 1, 3),),
        (_INTS.T,),
        (_INTS.T[::-1],),
        (_BOOLS.transpose(2, 0, 1),),
        (np.broadcast_to(_X[:, :1], _X.shape),),
        (_X[0, 0, 0, ...],),
        (_X[:0],),
    ],
    "reshape": [
        (_X.transpose(1, 0, 2), (37, 350)),
        (_PICTURES.transpose(0, 2, 3, 1), (1980, 17)),
        (_INTS[:, 1:], (5340,)),
    ],
    "flip": [(_X, (0,)), (_X, (1, 2)), (_INTS, (1,))],
    "cast": [
        *[(20 * abs(_X), dtype) for dtype in (float32, float64, int64, int32, uint8, bool_)],
        *[(_INTS, dtype) for dtype in (float32, float64, int32, uint8, bool_)],
        *[(_BOOLS, dtype) for dtype in (float32, int64)],
        (_X.astype(np.float64), float32),
        (_INTS.astype(np.uint8), float32),
        (_INTS.astype(np.int32), int64),
        (_X.transpose(2, 0, 1), float64),
        (np.array(3), float32),
    ],
    "copy": [
        (_X, _Y),
        (_X[:, ::2], _Y[:, 1::2][:, :1]),
        (_X.transpose(2, 0, 1), _Y.transpose(2, 0, 1)),
        (_X, np.array(2, np.float32)),
        (_X, _Y[0, 0]),
        (np.array(3), np.array(4)),
    ],
    "assign": [
        (_X, _Y[:2], (slice(1, 3),)),
        (_X, _Y[:, 0], (_ALL, 3)),
        (_X, np.array(2, np.float32), (_ALL, _ALL, slice(0, 70, 7))),
        (_X, _Y[0, 0, 0, ...], (1, 2, 3)),
        (_X, _Y, (Ellipsis,)),
    ],
    "accumulate": [
        (_X, _Y),
        (np.array(1, np.float32), np.array(2, np.float32)),
        (_X, np.broadcast_to(_Y[:, :, :1], _X.shape)),
        (_X[:, ::2], _Y[:, ::2]),
        (_X.transpose(2, 0, 1), _Y.transpose(2, 0, 1)),
    ],
    "fill": [(_X, 0.1), (_X[:, ::2], -1.0), (_INTS, 7), (_BOOLS, True), (_X, float("nan"))],
    "full": [
        ((70, 80), 0, float32),
        ((70, 80), -0.5, float32),
        ((3,), 7, int64),
        ((), 1.5, float64),
        ((2, 0), 1, int32),
        ((9,), True, bool_),
        ((9,), 255, uint8),
    ],
    "cat": [
        (_X, _Y[:2], 0),
        (_X, _Y[:, :3], _X[:, :0], 1),
        (_X, _Y[..., :9], _Y[..., ::7], 2),
        (_INTS, _INTS.T[:60, :50], 1),
        (_BOOLS, _BOOLS, 2),
    ],
    "stack": [
        (_X, _Y, 0),
        (_X, _Y, 1),
        (_X, _Y, 3),
        (_X[0, 0, 0, ...], _Y[0, 0, 0, ...], 0),
        (_INTS[0], _INTS[1], 1),
    ],
    "tril": [(_X, 0), (_X, -3), (_X[0], 50)],
    "triu": [(_X, 0), (_X, -3), (_X[0], 50)],
}
