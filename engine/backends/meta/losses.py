"""Shapes of losses and of their gradients."""

from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray, Shape, broadcast
from engine.backends.registry import Kernel
from engine.errors import DTypeError, ShapeError


def _pair(op: str) -> Kernel:
    def kernel(x: MetaArray, y: MetaArray, reduction: str) -> MetaArray:
        return MetaArray(broadcast(op, x.shape, y.shape) if reduction == "none" else (), x.dtype)

    return kernel


def _rows(op: str, x: MetaArray, target: MetaArray, reduction: str) -> Shape:
    if x.ndim != 2 or target.shape != x.shape[:1]:
        raise ShapeError(f"{op}: [N, C] and targets [N] are needed, not {x.shape} and {target.shape}")
    if target.dtype != np.int64:
        raise DTypeError(f"{op}: class targets must be int64, not {target.dtype}")
    return x.shape[:1] if reduction == "none" else ()


def _nll(x: MetaArray, target: MetaArray, ignore_index: int, reduction: str) -> MetaArray:
    return MetaArray(_rows("nll_loss", x, target, reduction), x.dtype)


def _nll_grad(g: MetaArray, target: MetaArray, classes: int, *_: Any) -> MetaArray:
    return MetaArray((*target.shape, classes), g.dtype)


def _cross_entropy(
    x: MetaArray, target: MetaArray, ignore_index: int, smoothing: float, reduction: str
) -> tuple[MetaArray, MetaArray]:
    rows = MetaArray(_rows("cross_entropy", x, target, reduction), x.dtype)
    return rows, MetaArray(x.shape[:1], x.dtype)


def _cross_entropy_grad(g: MetaArray, x: MetaArray, *_: Any) -> MetaArray:
    return MetaArray(x.shape, x.dtype)


def _bce(p: MetaArray, y: MetaArray) -> MetaArray:
    return MetaArray(broadcast("binary_cross_entropy", p.shape, y.shape), p.dtype)


KERNELS: dict[str, Kernel] = {
    "mse": _pair("mse_loss"),
    "l1": _pair("l1_loss"),
    "bce": _bce,
    "nll": _nll,
    "nll_grad": _nll_grad,
    "cross_entropy": _cross_entropy,
    "cross_entropy_grad": _cross_entropy_grad,
}
