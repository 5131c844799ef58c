"""Shapes of linear algebra."""

from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray, broadcast
from engine.backends.registry import Kernel
from engine.errors import ShapeError


def _square(op: str, result: int = 2) -> Kernel:
    """Kernels of square matrices, whose results are matrices or numbers."""

    def kernel(x: MetaArray, *_: Any) -> MetaArray:
        check_square(op, x)
        return MetaArray(x.shape if result == 2 else x.shape[:-2], x.dtype)

    return kernel


def check_square(op: str, x: MetaArray) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{op}: square matrices [..., N, N] are needed, not shape {x.shape}")


def _matrix(op: str, x: MetaArray) -> tuple[tuple[int, ...], int, int]:
    if x.ndim < 2:
        raise ShapeError(f"{op}: matrices [..., M, N] are needed, not shape {x.shape}")
    return x.shape[:-2], x.shape[-2], x.shape[-1]


def _solve(a: MetaArray, b: MetaArray) -> MetaArray:
    check_square("solve", a)
    if b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"solve: {b.shape} must be [..., N, K] with the N of the matrices {a.shape}")
    return MetaArray((*broadcast("solve", a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), b.dtype)


def _slogdet(x: MetaArray) -> tuple[MetaArray, MetaArray]:
    check_square("slogdet", x)
    return MetaArray(x.shape[:-2], x.dtype), MetaArray(x.shape[:-2], x.dtype)


def _qr(x: MetaArray) -> tuple[MetaArray, MetaArray]:
    lead, m, n = _matrix("qr", x)
    return MetaArray((*lead, m, min(m, n)), x.dtype), MetaArray((*lead, min(m, n), n), x.dtype)


def _qr_complete(x: MetaArray) -> tuple[MetaArray, MetaArray]:
    lead, m, n = _matrix("qr", x)
    return MetaArray((*lead, m, m), x.dtype), MetaArray((*lead, m, n), x.dtype)


def _eigh(x: MetaArray, triangle: str) -> tuple[MetaArray, MetaArray]:
    check_square("eigh", x)
    return MetaArray(x.shape[:-1], x.dtype), MetaArray(x.shape, x.dtype)


def _svd(x: MetaArray, full: bool) -> tuple[MetaArray, MetaArray, MetaArray]:
    lead, m, n = _matrix("svd", x)
    k = min(m, n)
    left, right = ((m, m), (n, n)) if full else ((m, k), (k, n))
    return (
        MetaArray((*lead, *left), x.dtype),
        MetaArray((*lead, k), x.dtype),
        MetaArray((*lead, *right), x.dtype),
    )


def _pinv(x: MetaArray, *_: Any) -> MetaArray:
    lead, m, n = _matrix("pinv", x)
    return MetaArray((*lead, n, m), x.dtype)


def _lu(x: MetaArray) -> tuple[MetaArray, MetaArray, MetaArray]:
    lead, m, n = _matrix("lu", x)
    return x, MetaArray((*lead, min(m, n)), np.int32), MetaArray((*lead, m), np.int64)


def _pivot_order(pivots: MetaArray, rows: int) -> MetaArray:
    return MetaArray((*pivots.shape[:-1], rows), np.int64)


KERNELS: dict[str, Kernel] = {
    "inv": _square("inv"),
    "solve": _solve,
    "det": _square("det", 0),
    "cofactor": _square("det"),
    "slogdet": _slogdet,
    "cholesky": _square("cholesky"),
    "qr": _qr,
    "qr_complete": _qr_complete,
    "eigh": _eigh,
    "svd": _svd,
    "pinv": _pinv,
    "matrix_exp": _square("matrix_exp"),
    "lu": _lu,
    "pivot_order": _pivot_order,
}
