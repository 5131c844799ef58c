"""Calls of the losses that their rows take: of few classes and of many, some rows left out."""

from typing import Any

import numpy as np

from engine.backends import NUMPY

_GENERATOR = np.random.default_rng(31)
# logits and classes
_FORMS = [
    (
        3 * _GENERATOR.standard_normal((rows, classes)).astype(np.float32),
        _GENERATOR.integers(0, classes, rows),
    )
    for rows, classes in ((2048, 65), (64, 10), (700, 300), (1, 1), (9, 16))
]
_LOGITS, _TARGET = _FORMS[0]
_REDUCTIONS = ("mean", "sum", "none")
_SOME = np.where(_TARGET % 3 == 0, -100, _TARGET)
_CALLS = [
    *[(x, t, -100, 0.0, "mean") for x, t in _FORMS],
    *[(_LOGITS, _SOME, -100, 0.1, reduction) for reduction in _REDUCTIONS],
    (_LOGITS, _TARGET, 7, 0.2, "mean"),
    (_LOGITS, np.repeat(_TARGET, 2)[::2], 7, 0.0, "none"),
]
_X, _Y = (_GENERATOR.standard_normal((70, 61)).astype(np.float32) for _ in range(2))


def _slope(target, reduction):
    shape = target.shape if reduction == "none" else ()
    return np.asarray(np.random.default_rng(32).standard_normal(shape), np.float32)


def _cross_entropy_grad(x, target, ignored, smoothing, reduction):
    lse = NUMPY.kernels["cross_entropy"](x, target, ignored, smoothing, "none")[1]
    return (_slope(target, reduction), x, lse, target, ignored, smoothing, reduction)


CASES: dict[str, list[Any]] = {
    "cross_entropy": _CALLS,
    "cross_entropy_grad": [_cross_entropy_grad(*call) for call in _CALLS],
    "nll": [(x, t, ignored, reduction) for x, t, ignored, _, reduction in _CALLS],
    "nll_grad": [
        (_slope(t, reduction), t, x.shape[1], ignored, reduction) for x, t, ignored, _, reduction in _CALLS
    ],
    **{name: [(_X, _Y, reduction) for reduction in _REDUCTIONS] for name in ("mse", "l1")},
    "bce": [(np.clip(abs(_X), 0, 1), (_Y > 0).astype(np.float32)), (abs(_X) % 1, abs(_Y) % 1)],
}
