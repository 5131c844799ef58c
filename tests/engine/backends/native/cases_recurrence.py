"""Calls of the recurrent layers that their rows take."""

from typing import Any

import numpy as np

from engine.backends import NUMPY

_GENERATOR = np.random.default_rng(9)
EVEN = (20,) * 7
# sequences that end, some of them at the same step, and a walk of few for which one piece is enough
UNEVEN = (33, 33, 21, 20, 16, 9, 1)
FEW = (2, 1, 1)
# hidden sizes with something left over beside whole vectors; batch sizes; reverse
WALKS = [(37, EVEN, False), (65, UNEVEN, False), (65, UNEVEN, True), (5, FEW, True), (40, (1,), False)]


def _drawn(*shape):
    return _GENERATOR.standard_normal(shape).astype(np.float32)


def _weight(*shape):
    return _drawn(*shape) / np.float32(np.sqrt(shape[1]))


def _rows(batch_sizes, width, apart):
    """A gradient [total, width]; apart: that of a half of the result."""
    total = sum(batch_sizes)
    return _drawn(total, 2 * width)[:, width:] if apart else _drawn(total, width)


def _rnn(size, sizes, reverse, nonlinearity):
    gates, h0 = _drawn(sum(sizes), size), _drawn(sizes[0], size)
    return (gates, h0, _weight(size, size), sizes, nonlinearity, reverse)


def _rnn_grad(size, sizes, reverse, nonlinearity):
    operands = _rnn(size, sizes, reverse, nonlinearity)
    out = NUMPY.kernels["rnn"](*operands)
    return (_rows(sizes, size, reverse), out, *operands[1:])


def _gru(size, sizes, reverse):
    weight = _weight(3 * size, size)
    return (_drawn(sum(sizes), 3 * size), _drawn(sizes[0], size), weight, _drawn(3 * size), sizes, reverse)


def _gru_grad(size, sizes, reverse):
    operands = _gru(size, sizes, reverse)
    out, acts = NUMPY.kernels["gru"](*operands)
    return (_rows(sizes, size, reverse), out, acts, *operands[1:3], sizes, reverse)


def _lstm(size, sizes, reverse, projected):
    width = projected or size
    weights = (_weight(4 * size, width), *([_weight(width, size)] if projected else []))
    batch = sizes[0]
    return (_drawn(sum(sizes), 4 * size), _drawn(batch, width), _drawn(batch, size), *weights, sizes, reverse)


def _lstm_grad(size, sizes, reverse, projected):
    operands = _lstm(size, sizes, reverse, projected)
    out, cells, acts = NUMPY.kernels["lstm"](*operands)
    grads = (_rows(sizes, projected or size, reverse), _rows(sizes, size, False))
    return (*grads, out, cells, acts, *operands[1:])


CASES: dict[str, list[Any]] = {
    "rnn": [_rnn(*walk, act) for walk in WALKS for act in ("tanh", "relu")],
    "rnn_grad": [_rnn_grad(*walk, act) for walk in WALKS for act in ("tanh", "relu")],
    "gru": [_gru(*walk) for walk in WALKS],
    "gru_grad": [_gru_grad(*walk) for walk in WALKS],
    "lstm": [_lstm(*walk, projected) for walk in WALKS for projected in (0, 3)],
    "lstm_grad": [_lstm_grad(*walk, projected) for walk in WALKS for projected in (0, 3)],
}
