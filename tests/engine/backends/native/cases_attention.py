"""Calls of attention that its rows take."""

from typing import Any

import numpy as np

from engine.backends import NUMPY

_GENERATOR = np.random.default_rng(13)
KEY = np.array([7, 1, 3])


def _drawn(*shape):
    return _GENERATOR.standard_normal(shape).astype(np.float32)


def _packed(batch, length, heads, width):
    """q, k and v as views of one projection, [batch, heads, length, width]."""
    parts = _drawn(batch, length, 3, heads, width)
    return tuple(parts[:, :, n].transpose(0, 2, 1, 3) for n in range(3))


def _apart(*lead, length, keys, width, values):
    return _drawn(*lead, length, width), _drawn(*lead, keys, width), _drawn(*lead, keys, values)


def _seen(*shape):
    seen = _GENERATOR.random(shape) < 0.7
    seen[..., 2, :] = False  # a query that sees nothing
    return seen


_BELOW = np.where(np.tri(64, dtype=bool), 0, -np.inf).astype(np.float32)
_LONG = _apart(2, length=300, keys=413, width=33, values=40)
CALLS: list[Any] = [
    (*_packed(4, 64, 3, 32), KEY, 0.0, True, 0.2, False),
    (*_packed(2, 64, 3, 32), KEY, _BELOW, 0.0, False, 0.2, False),
    (*_packed(3, 5, 2, 7), KEY, _seen(3, 1, 5, 5), 0.0, False, 0.5, False),
    # few heads, whose queries or keys are shared out; blocks of keys that a query doesn't see
    (*_LONG, KEY, 0.0, False, 0.17, False),
    (*_LONG, KEY, 0.3, True, 0.17, False),
    (*_LONG, KEY, _seen(300, 413), 0.0, True, 0.17, False),
    (*_LONG, KEY, _drawn(413, 300).T, 0.1, False, 0.17, False),
    (*_LONG, KEY, _drawn(2, 1, 413), 0.0, False, 3.0, False),
    (*_apart(1, length=513, keys=200, width=64, values=64), KEY, 0.0, True, 0.125, False),
    # keys that no query sees, and a block of keys of which the last tile of queries sees a few
    (*_apart(2, length=125, keys=300, width=16, values=9), KEY, 0.0, True, 0.25, False),
    (*_apart(2, length=131, keys=300, width=16, values=9), KEY, 0.2, True, 0.25, True),
    # many small ones, of which a piece has several; a single one
    (*_apart(150, 2, length=3, keys=9, width=5, values=2), KEY, 0.5, False, 0.4, False),
    (*_apart(length=17, keys=1, width=1, values=70), KEY, 0.0, False, 1.0, False),
    (*_packed(2, 9, 2, 8), KEY, 1.0, False, 0.5, False),
    # whose results have the heads within
    (*_packed(4, 64, 3, 32), KEY, 0.0, True, 0.2, True),
    (*_packed(3, 5, 2, 7), KEY, _seen(3, 1, 5, 5), 0.2, False, 0.5, True),
    (*_packed(2, 300, 1, 33), KEY, 0.0, True, 0.17, True),
    (*_LONG, KEY, 0.0, True, 0.17, True),
    # of which 2^32 draws keep none
    (*_LONG, KEY, 1 - 1e-11, False, 0.17, False),
]


def _gradient(call):
    out, lse = NUMPY.kernels["attention"](*call[:-1], False)
    g = _drawn(out.shape[-2], *out.shape[:-2], out.shape[-1])  # whose rows lie apart
    return (np.moveaxis(g, 0, -2), *call[:4], out, lse, *call[4:])


CASES: dict[str, list[Any]] = {"attention": CALLS, "attention_grad": [_gradient(call) for call in CALLS]}
