"""Calls of the element-wise ops that their rows take: broadcast, strided, empty, of no axes."""

from typing import Any

import numpy as np

EDGES = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 1.0, -1.0, 88.0, -88.0, 3e38], np.float32
)


def _drawn(*shape):
    return np.random.default_rng(11).standard_normal(shape).astype(np.float32)


def _pairs(a, b):
    """Two arrays of 3 axes in the ways in which operands lie."""
    return [
        (a, b),
        (a, b[:1]),
        (a[:, :1], b[..., :1]),
        (a[0, 0], b),
        (a, b[0, 0, 0, ...]),
        (a[0, 0, 0, ...], b),
        (a[0, 0, 0, ...], b[1, 1, 1, ...]),
        (a[:, ::2, ::3], b[:, ::2, ::3]),
        (a.transpose(2, 0, 1), b.transpose(2, 0, 1)),
        (a.transpose(2, 0, 1), np.ascontiguousarray(b.transpose(2, 0, 1))),
        (np.broadcast_to(a[0, :, :1], a.shape), b),
        (a[:0], b[:0]),
    ]


_X = _drawn(5, 37, 131)
_LARGE = _drawn(3, 41, 517)
_A, _B = _drawn(4, 21, 67), _drawn(1, 4, 21, 67)[0, ::-1]
_INTS = [np.random.default_rng(12).integers(-5, 5, (4, 21, 67)) for _ in range(2)]
_COUNT = np.array(3), np.array(1)
_EDGES = np.repeat(EDGES, len(EDGES)), np.tile(EDGES, len(EDGES))
_BOOLS = _A > 0, _B > 0


def _ones(x):
    """One array in the ways in which operands lie."""
    return [(x,), (x[:, ::2, ::3],), (x.transpose(2, 0, 1),), (x[0, 0, 0, ...],), (x[:0],)]


_FUNCTIONS = (
    "neg abs sign square relu floor ceil trunc round exp exp2 expm1 erf sin cos tanh sigmoid logsigmoid "
    "isnan isinf isfinite"
)
_EDGY = (
    "neg abs sign square relu floor ceil trunc round expm1 exp exp2 erf tanh sigmoid logsigmoid "
    "isnan isinf isfinite"
)
_OF_POSITIVE = "sqrt rsqrt reciprocal log log2 log10 log1p"
_PAIRS = (
    "sub mul div maximum minimum fmax fmin copysign hypot logaddexp fmod remainder floor_divide "
    "eq ne le gt ge relu_grad tanh_grad sigmoid_grad"
)
_OF_INTS = "add sub mul maximum minimum eq ne lt le gt ge"

CASES: dict[str, list[Any]] = {
    **{name: [(_X[:, ::2, ::3],), (20 * _LARGE,)] for name in _FUNCTIONS.split()},
    **{name: [(abs(_X[:, ::2]) + 0.01,), (abs(_LARGE) * 1e4 + 1e-6,)] for name in _OF_POSITIVE.split()},
    # every way in which operands lie is tried with one op that gives numbers and one that gives conditions
    **{name: _pairs(_A, _B) for name in ("add", "lt")},
    **{name: [(_A, _B), (_A[:, ::2], _B[:, ::2])] for name in _PAIRS.split()},
    **{
        name: [_BOOLS, (_BOOLS[0][:, :1], _BOOLS[1])] for name in ("logical_and", "logical_or", "logical_xor")
    },
    "logical_not": [(_BOOLS[0],), (_BOOLS[0][:, ::2],)],
    "pow": [
        (abs(_A) + 0.1, _B),
        (abs(_A[:, :1]) + 0.1, _B[0, 0]),
        *[(_A, np.array(power, np.float32)) for power in (1, 2, 3, -1, 0)],
    ],
    "xlogy": [(_A, abs(_B) + 0.01), (_A * 0, _B * 0)],
    "clamp_grad": [(_A, _B, -0.5, 0.5), (_A, _B, None, 0.1), (_A, _B, 0, None)],
    "hardtanh": [(_X, -0.5, 0.5), (_X[:, ::2], 0, 6), (EDGES, -1, 1)],
    "hardtanh_grad": [(_A, _B, -0.5, 0.5), (*_EDGES, 0, 6)],
    "clamp": [
        (_X, -0.5, 0.5),
        (_X, None, 0.1),
        (_X, 1, None),
        (_X, 1.0, -1.0),
        (_X[:, ::2], 0, 6),
        (EDGES, 0, 6),
    ],
    "where": [
        (_BOOLS[0], _A, _B),
        (_BOOLS[0], _A, _B[0, 0, 0, ...]),
        (_BOOLS[0], _A[0, 0, 0, ...], _B),
        (_BOOLS[0], _A[0, 0, 0, ...], _B[0, 0, 0, ...]),
        (_BOOLS[0][..., :1], _A, _B[0, 0, 0, ...]),
        (_BOOLS[0], _A[:, ::-1], _B),
        (_BOOLS[0][:, ::2], _A[:, ::2], _B[:, ::2]),
        (_BOOLS[0], *_INTS),
        (_BOOLS[0], _INTS[0], np.array(7)),
        (_BOOLS[0], *_BOOLS),
        (np.array(True), _A, _B),
    ],
}
CASES["exp"] += _ones(_X)
CASES["relu"] += _ones(_X)
for _name in _EDGY.split():
    CASES[_name].append((EDGES,))
for _name in ("add", "lt", *_PAIRS.split()):
    CASES[_name].append(_EDGES)
for _name in _OF_INTS.split():
    CASES[_name] += [(_INTS[0], _INTS[1][:, :1]), _COUNT]
for _name in ("add", "mul", "div", "lt"):
    CASES[_name].append((_A.astype(np.float64), np.array(0.99)))
for _name in ("eq", "ne"):
    CASES[_name].append(_BOOLS)
for _name in ("log", "log2", "log10"):
    CASES[_name].append((np.array([0, np.inf, np.nan, 1, -1, 0.125, 1e30], np.float32),))
for _name in ("sin", "cos"):
    CASES[_name].append((np.array([0, 3, 1e3, -1e5, 999999.5, 1e6, 1e7, -3e38, np.inf, np.nan], np.float32),))
for _name in ("ceil", "trunc", "round"):
    CASES[_name].append((np.arange(-8, 9, dtype=np.float32) / 4,))
CASES["log1p"].append((np.array([0, 1e-8, -1e-8, -1, np.inf, np.nan, 1e30, -0.5], np.float32),))
