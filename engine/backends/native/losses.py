"""Rows of the losses."""

from engine.backends.native.rows import FLOAT32, INT64, Array, Native, Row, takes

_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _classes(target: Array) -> bool:
    return target.dtype is INT64 and target.ndim == 1


def _result(rows: Array, reduction: str) -> tuple[int, ...]:
    return rows.shape if reduction == "none" else ()


def cross_entropy(
    x: Array, target: Array, ignore_index: int, smoothing: float, reduction: str
) -> Native | None:
    if not takes(x) or not _classes(target):
        return None
    forms = ((_result(target, reduction), FLOAT32), (target.shape, FLOAT32))
    ints = (ignore_index, _REDUCTIONS[reduction])
    return Native("cross_entropy", (x, target), forms, ints, (smoothing,))


def cross_entropy_grad(
    g: Array, x: Array, lse: Array, target: Array, ignore_index: int, smoothing: float, reduction: str
) -> Native | None:
    if not takes(x, lse) or g.dtype is not FLOAT32 or not _classes(target):
        return None
    ints = (ignore_index, _REDUCTIONS[reduction])
    return Native("cross_entropy_grad", (g, x, lse, target), ((x.shape, FLOAT32),), ints, (smoothing,))


def nll(x: Array, target: Array, ignore_index: int, reduction: str) -> Native | None:
    if x.dtype is not FLOAT32 or not x.size or not _classes(target):
        return None
    ints = (ignore_index, _REDUCTIONS[reduction])
    return Native("nll", (x, target), ((_result(target, reduction), FLOAT32),), ints)


def nll_grad(g: Array, target: Array, classes: int, ignore_index: int, reduction: str) -> Native | None:
    if g.dtype is not FLOAT32 or not g.size or not _classes(target):
        return None
    ints = (ignore_index, _REDUCTIONS[reduction])
    return Native("nll_grad", (g, target), (((len(target), classes), FLOAT32),), ints)


def _pairs(name: str, x: Array, y: Array, reduction: str) -> Native | None:
    if not takes(x, y) or x.shape != y.shape:
        return None
    return Native(name, (x, y), ((_result(x, reduction), FLOAT32),), (_REDUCTIONS[reduction],))


def mse(x: Array, y: Array, reduction: str) -> Native | None:
    return _pairs("mse", x, y, reduction)


def l1(x: Array, y: Array, reduction: str) -> Native | None:
    return _pairs("l1", x, y, reduction)


def bce(p: Array, y: Array) -> Native | None:
    return _pairs("bce", p, y, "none")


ROWS: dict[str, Row] = {
    "cross_entropy": cross_entropy,
    "cross_entropy_grad": cross_entropy_grad,
    "nll": nll,
    "nll_grad": nll_grad,
    "mse": mse,
    "l1": l1,
    "bce": bce,
}
