"""Loss kernels: x [N, C], target [N] int64."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.errors import EngineError, IndexError_

Array = npt.NDArray[Any]


def _reduced(rows: Array, count: int, reduction: str) -> Any:
    if reduction == "none":
        return rows
    total = np.add.reduce(rows, None)
    return total if reduction == "sum" else total / count


def mse(x: Array, y: Array, reduction: str) -> Any:
    difference = np.subtract(x, y)
    return _reduced(np.multiply(difference, difference), difference.size, reduction)


def l1(x: Array, y: Array, reduction: str) -> Any:
    difference = np.abs(np.subtract(x, y))
    return _reduced(difference, difference.size, reduction)


def _kept(target: Array, classes: int, ignore_index: int) -> Array | None:
    """Which rows count, None where all do. Raises IndexError_ for a class outside [0, classes)."""
    # as unsigned numbers negative classes are huge: one pass finds both ends, and argmax is quicker than max
    if not 0 <= ignore_index < classes:
        sizes = target.view(np.uint64)
        if not target.size or sizes[sizes.argmax()] < classes:
            return None
    kept: Array = target != ignore_index
    wrong = kept & ((target < 0) | (target >= classes))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise IndexError_(
            f"target[{row}] is class {target[row]}; with {classes} classes it must be in [0, {classes}), "
            f"or {ignore_index} to be left out"
        )
    return kept


def _places(target: Array, classes: int) -> Array:
    """Where in flat rows of `classes` the targets are: one index is looked up more quickly than two."""
    places: Array = np.arange(0, len(target) * classes, classes or 1)
    places += target
    return places


def _picked(x: Array, target: Array) -> Array:
    out: Array = x.reshape(-1)[_places(target, x.shape[1])]
    return out


def nll(x: Array, target: Array, ignore_index: int, reduction: str) -> Any:
    kept = _kept(target, x.shape[1], ignore_index)
    if kept is None:
        return _reduced(-_picked(x, target), len(target), reduction)
    rows = np.where(kept, -_picked(x, np.where(kept, target, 0)), x.dtype.type(0))
    return _reduced(rows, int(kept.sum()), reduction)


def nll_grad(g: Array, target: Array, classes: int, ignore_index: int, reduction: str) -> Array:
    out = np.zeros((len(target), classes), g.dtype)
    kept = _kept(target, classes, ignore_index)
    count = len(target) if kept is None else int(kept.sum())
    rows = -g / count if reduction == "mean" else -g
    if kept is not None:
        rows = np.where(kept, rows, g.dtype.type(0))
        target = np.where(kept, target, 0)
    out.reshape(-1)[_places(target, classes)] = rows
    return out


def cross_entropy(
    x: Array, target: Array, ignore_index: int, smoothing: float, reduction: str
) -> tuple[Any, Array]:
    kept = _kept(target, x.shape[1], ignore_index)
    if kept is not None:
        target = np.where(kept, target, 0)
    top = np.maximum.reduce(x, axis=1, keepdims=True)
    lse = np.log(np.add.reduce(np.exp(x - top), 1))
    lse += top[:, 0]
    rows = lse - _picked(x, target)
    if smoothing:
        rows = rows * (1 - smoothing) + (lse - np.add.reduce(x, 1) / x.shape[1]) * smoothing
    if kept is None:
        return _reduced(rows, len(target), reduction), lse
    return _reduced(np.where(kept, rows, x.dtype.type(0)), int(kept.sum()), reduction), lse


def cross_entropy_grad(
    g: Array, x: Array, lse: Array, target: Array, ignore_index: int, smoothing: float, reduction: str
) -> Array:
    kept = _kept(target, x.shape[1], ignore_index)
    count = len(target)
    if kept is not None:
        target = np.where(kept, target, 0)
        count = int(kept.sum())
    # row by row in memory, whatever x is, so that flat it is a view
    out: Array = np.exp(np.subtract(x, lse[:, None], order="C"))
    if smoothing:
        out -= smoothing / x.shape[1]
    out.reshape(-1)[_places(target, x.shape[1])] -= 1 - smoothing
    rows = g / count if reduction == "mean" else g
    if kept is not None:
        rows = np.where(kept, rows, g.dtype.type(0))
    out *= rows[:, None] if rows.ndim else rows
    return out


def bce(p: Array, y: Array) -> Any:
    for name, values in (("input", p), ("target", y)):
        if not ((values >= 0) & (values <= 1)).all():
            raise EngineError(
                f"binary_cross_entropy: the {name} has elements outside [0, 1], or NaN; of logits take "
                "binary_cross_entropy_with_logits"
            )
    return -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log1p(-p), -100))


KERNELS: dict[str, Kernel] = {
    "mse": mse,
    "l1": l1,
    "bce": bce,
    "nll": nll,
    "nll_grad": nll_grad,
    "cross_entropy": cross_entropy,
    "cross_entropy_grad": cross_entropy_grad,
}
