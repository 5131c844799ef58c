"""Calls of the normalisations that their rows take."""

from typing import Any

import numpy as np

from engine.backends import NUMPY

EPS = 1e-5


def _drawn(*shapes):
    generator = np.random.default_rng(7)
    return [generator.standard_normal(shape).astype(np.float32) for shape in shapes]


def _rows(*lead, width):
    """g, x, weight and bias of a normalisation over the last axis."""
    g, x, weight, bias = _drawn((*lead, width), (*lead, width), width, width)
    return g, 3 * x + 1, weight, bias


def _layer_norm_grad(*lead, width):
    g, x, weight, bias = _rows(*lead, width=width)
    _, mean, rstd = NUMPY.kernels["layer_norm"](x, weight, bias, 1, EPS)
    return (g, x, weight, mean, rstd, 1, EPS)


def _rms_norm_grad(*lead, width):
    g, x, weight, _ = _rows(*lead, width=width)
    _, rstd = NUMPY.kernels["rms_norm"](x, weight, 1, EPS)
    return (g, x, weight, rstd, 1, EPS)


def _channels(shape):
    """g, x, weight and bias of a normalisation of channels."""
    g, x, weight, bias = _drawn(shape, shape, shape[1], shape[1])
    return g, 3 * x + 1, weight, bias


def _batch_norm_grad(shape, g=None):
    drawn, x, weight, bias = _channels(shape)
    _, mean, var = NUMPY.kernels["batch_norm"](x, weight, bias, EPS)
    return (drawn if g is None else g, x, weight, mean, var, EPS)


def _group_norm_grad(shape, groups):
    g, x, weight, bias = _channels(shape)
    _, mean, rstd = NUMPY.kernels["group_norm"](x, weight, bias, groups, EPS)
    return (g, x, weight, mean, rstd, groups, EPS)


# of pictures, of short runs, and of rows, also of few channels
_PICTURES = [(5, 7, 13, 17), (64, 16, 100), (33, 9, 3), (256, 6), (40, 130)]
_GROUPED = [((5, 8, 13, 17), 4), ((40, 12, 50), 1), ((64, 30), 5), ((9, 6, 1), 6)]

CASES: dict[str, list[Any]] = {
    "layer_norm": [(*_rows(37, width=129)[1:], 1, EPS), (*_rows(7, 900, width=33)[1:], 1, EPS)],
    "layer_norm_grad": [_layer_norm_grad(37, width=129), _layer_norm_grad(7, 900, width=33)],
    "rms_norm": [(*_rows(37, width=129)[1:3], 1, EPS), (*_rows(7, 900, width=33)[1:3], 1, EPS)],
    "rms_norm_grad": [_rms_norm_grad(37, width=129), _rms_norm_grad(7, 900, width=33)],
    "batch_norm": [(*_channels(shape)[1:], EPS) for shape in _PICTURES],
    "batch_norm_grad": [
        *[_batch_norm_grad(shape) for shape in _PICTURES],
        # the gradient of a mean over the pictures, and of columns of a table
        _batch_norm_grad((5, 7, 13, 17), np.broadcast_to(_drawn((5, 7, 1, 1))[0], (5, 7, 13, 17))),
        _batch_norm_grad((256, 6), _drawn((256, 70))[0][:, :6]),
    ],
    "track_statistics": [(*_drawn(33, 33, 33), abs(_drawn(33)[0]), np.array(0.1, np.float32), 40)],
    "group_norm": [(*_channels(shape)[1:], groups, EPS) for shape, groups in _GROUPED],
    "group_norm_grad": [_group_norm_grad(shape, groups) for shape, groups in _GROUPED],
    "softmax": [(20 * _drawn((67, 65))[0], 1), (*_drawn((5, 3, 1001)), 2)],
    "log_softmax": [(20 * _drawn((67, 65))[0], 1), (*_drawn((5, 3, 1001)), 2)],
}
