"""Linear algebra by NumPy's LAPACK."""

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.errors import EngineError

Array = npt.NDArray[Any]


def _guarded(what: str, kernel: Kernel) -> Kernel:
    """The kernel, with LAPACK's complaints about values in words."""

    @functools.wraps(kernel)
    def guarded(*args: Any) -> Any:
        try:
            return kernel(*args)
        except np.linalg.LinAlgError as error:
            raise EngineError(f"{what} (shape {args[0].shape}): {error}") from error

    return guarded


def cofactor(x: Array) -> Array:
    """det(x) inverse(x).T, as the product of what the singular vectors' and the other singular values are."""
    u, s, vh = np.linalg.svd(x)
    size = x.shape[-1]
    others = np.where(np.eye(size, dtype=bool), x.dtype.type(1), s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return np.asarray(sign[..., None, None] * (u * others[..., None, :]) @ vh)


def slogdet(x: Array) -> tuple[Array, Array]:
    sign, log = np.linalg.slogdet(x)
    return np.asarray(sign, x.dtype), np.asarray(log, x.dtype)


def qr(x: Array) -> tuple[Array, Array]:
    q, r = np.linalg.qr(x)
    return q, r


def qr_complete(x: Array) -> tuple[Array, Array]:
    q, r = np.linalg.qr(x, "complete")
    return q, r


def eigh(x: Array, triangle: str) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(x, "U" if triangle == "U" else "L")
    return values, vectors


def svd(x: Array, full: bool) -> tuple[Array, Array, Array]:
    u, s, vh = np.linalg.svd(x, full_matrices=full)
    return u, s, vh


def pinv(x: Array, atol: float, rtol: float, hermitian: bool) -> Array:
    if hermitian:
        values, vectors = np.linalg.eigh(x)
        size = np.absolute(values)
        left, right = vectors, vectors.swapaxes(-2, -1)
    else:
        left, size, right = np.linalg.svd(x, full_matrices=False)
        values = size
    least = np.maximum(atol, rtol * size.max(-1, keepdims=True, initial=0))
    kept = size > least
    inverse = np.where(kept, 1 / np.where(kept, values, 1), 0).astype(x.dtype)
    return np.asarray((right.swapaxes(-2, -1) * inverse[..., None, :]) @ left.swapaxes(-2, -1))


def matrix_exp(x: Array) -> Array:
    """exp(x / 2^k)^(2^k), the inner one by 18 terms of its series, k so that the norm is at most 1/2."""
    norm = float(np.absolute(x).sum(-2).max(initial=0))
    squarings = max(math.ceil(math.log2(norm)) + 1, 0) if 0 < norm < math.inf else 0
    scaled = x / x.dtype.type(2**squarings)
    one = np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape)
    out = one
    for k in range(18, 0, -1):
        out = one + scaled @ out / x.dtype.type(k)
    for _ in range(squarings):
        out = out @ out
    return np.array(out)


def lu(x: Array) -> tuple[Array, Array, Array]:
    """Gaussian elimination with partial pivoting, column by column, all matrices of the batch at once."""
    rows, columns = x.shape[-2:]
    out = np.array(x.reshape(-1, rows, columns))
    batch = np.arange(len(out))
    size = min(rows, columns)
    pivots = np.zeros((len(out), size), np.int32)
    for k in range(size):
        pivot = k + np.argmax(np.absolute(out[:, k:, k]), axis=1)
        pivots[:, k] = pivot + 1
        upper = out[batch, pivot]
        out[batch, pivot] = out[:, k]
        out[:, k] = upper
        # a column of zeros stays one, as in LAPACK
        divisor = np.where(upper[:, k] == 0, x.dtype.type(1), upper[:, k])
        out[:, k + 1 :, k] /= divisor[:, None]
        out[:, k + 1 :, k + 1 :] -= out[:, k + 1 :, k, None] * out[:, None, k, k + 1 :]
    pivots = pivots.reshape(*x.shape[:-2], size)
    return out.reshape(x.shape), pivots, pivot_order(pivots, rows)


def pivot_order(pivots: Array, rows: int) -> Array:
    flat = pivots.reshape(-1, pivots.shape[-1])
    order = np.tile(np.arange(rows), (len(flat), 1))
    batch = np.arange(len(flat))
    for k in range(flat.shape[1]):
        other = flat[:, k] - 1
        moved = order[batch, other]
        order[batch, other] = order[:, k]
        order[:, k] = moved
    return order.reshape(*pivots.shape[:-1], rows)


KERNELS: dict[str, Kernel] = {
    "inv": _guarded("a matrix has no inverse", np.linalg.inv),
    "solve": _guarded("the system has no unique solution", np.linalg.solve),
    "det": np.linalg.det,
    "cofactor": cofactor,
    "slogdet": slogdet,
    "cholesky": _guarded("a matrix isn't positive definite", np.linalg.cholesky),
    "qr": qr,
    "qr_complete": qr_complete,
    "eigh": _guarded("the eigenvalues weren't found", eigh),
    "svd": _guarded("the singular values weren't found", svd),
    "pinv": _guarded("the singular values weren't found", pinv),
    "matrix_exp": matrix_exp,
    "lu": lu,
    "pivot_order": pivot_order,
}
