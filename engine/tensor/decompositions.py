"""Factors of matrices [..., M, N], and what is made of them. Leading axes are batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from engine.autograd.tape import Variable, apply_several, unary
from engine.errors import DTypeError, ShapeError
from engine.ops import decompositions as ops
from engine.tensor.creation import new_zeros
from engine.tensor.promotion import require_floating
from engine.tensor.reductions import sum as sum_
from engine.tensor.shapes import transpose

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "cholesky",
    "matrix_exp",
    "pinverse",
    "qr",
    "svd",
]


class QR(NamedTuple):
    """The result of qr: input = Q R."""

    Q: Tensor
    R: Tensor


class Eigh(NamedTuple):
    """The result of eigh."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVD(NamedTuple):
    """The result of linalg.svd: input = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class SVDWithV(NamedTuple):
    """The result of svd: input = U diag(S) V.mT."""

    U: Tensor
    S: Tensor
    V: Tensor


def matrices(name: str, x: Tensor) -> Tensor:
    """Refuse what isn't real floating-point matrices."""
    require_floating(name, x)
    if x._data.dtype.kind == "c":
        raise DTypeError(f"{name} is written for real matrices, not {x.dtype}")
    if x.ndim < 2:
        raise ShapeError(f"{name} takes matrices [..., M, N], not shape {x.shape}")
    return x


def square(name: str, x: Tensor) -> Tensor:
    """Refuse what isn't square matrices."""
    matrices(name, x)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{name} takes square matrices [..., N, N], not shape {x.shape}")
    return x


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The lower L with positive diagonal of input = L L.mT, or L.mT; input is symmetric positive definite.

    Raises EngineError if it isn't.
    """
    x = square("cholesky", input)
    # of the upper factor the upper triangle is read
    return transpose(unary(ops.CHOLESKY, transpose(x, -2, -1)), -2, -1) if upper else unary(ops.CHOLESKY, x)


def linalg_qr(A: Tensor, mode: str = "reduced") -> QR:
    """A = Q R with orthonormal columns in Q and a triangular R.

    mode: "reduced", Q [..., M, K] with K = min(M, N); "complete", Q [..., M, M]; "r", only R. A square Q of a
    matrix with more rows than columns has no gradient.
    """
    x = matrices("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise DTypeError(f"qr: mode must be 'reduced', 'complete' or 'r', not {mode!r}")
    if mode == "complete" and x.shape[-2] > x.shape[-1]:
        if x.requires_grad:
            raise DTypeError("qr: with mode='complete' a matrix with more rows than columns has no gradient")
        return QR(*apply_several(ops.QR_COMPLETE, (x,)))
    q, r = apply_several(ops.QR, (x,))
    return QR(new_zeros(x, 0), r) if mode == "r" else QR(q, r)


def qr(input: Tensor, some: bool = True) -> QR:
    """linalg.qr; some=False: with a square Q."""
    return linalg_qr(input, "reduced" if some else "complete")


def eigh(A: Tensor, UPLO: str = "L") -> Eigh:
    """Ascending eigenvalues and orthonormal eigenvectors (in columns) of symmetric matrices.

    UPLO: which triangle is read. The gradient through the vectors takes distinct values.
    """
    if UPLO.upper() not in ("L", "U"):
        raise DTypeError(f"eigh: UPLO must be 'L' or 'U', not {UPLO!r}")
    return Eigh(*apply_several(ops.EIGH, (square("eigh", A),), (UPLO.upper(),)))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of eigh."""
    return eigh(A, UPLO).eigenvalues


def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: None = None) -> SVD:
    """A = U diag(S) Vh with orthonormal U and Vh, and S descending.

    full_matrices: square U and Vh; their additional vectors have no gradient
    driver: PyTorch's choice of an algorithm on CUDA; None here
    """
    if driver is not None:
        raise DTypeError(f"svd: drivers are for CUDA; leave driver out instead of {driver!r}")
    return SVD(*apply_several(ops.SVD, (matrices("svd", A),), (full_matrices,)))


def svdvals(A: Tensor, *, driver: None = None) -> Tensor:
    """The singular values, descending."""
    return linalg_svd(A, False, driver=driver).S


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> SVDWithV:
    """linalg.svd with V in place of Vh; without compute_uv U and V are zeros."""
    u, s, vh = linalg_svd(input, not some)
    v = transpose(vh, -2, -1)
    if compute_uv:
        return SVDWithV(u, s, v)
    return SVDWithV(new_zeros(u, *_square_of(input, -2)), s, new_zeros(v, *_square_of(input, -1)))


def _square_of(x: Tensor, at: int) -> tuple[int, ...]:
    return (*x.shape[:-2], x.shape[at], x.shape[at])


def _number(value: Any) -> float:
    """A tolerance, also where it comes as a tensor of one element."""
    if isinstance(value, Variable):
        return float(value._device.backend.to_numpy(value._data).item())
    return float(value)


def tolerances(x: Tensor, atol: Any, rtol: Any) -> tuple[float, float]:
    """As given; rtol is eps max(M, N) where neither is, and 0 where only atol is."""
    if rtol is None:
        given = atol is not None and _number(atol) > 0
        rtol = 0.0 if given else float(np.finfo(x._data.dtype).eps) * max(x.shape[-2:])
    return 0.0 if atol is None else _number(atol), _number(rtol)


def pinv(
    A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """Moore and Penrose's inverse; singular values up to max(atol, rtol * the largest) count as 0.

    rtol: by default eps max(M, N); rcond is its older name
    hermitian: A is symmetric, and its lower triangle is read
    """
    x = square("pinv", A) if hermitian else matrices("pinv", A)
    least, relative = tolerances(x, atol, rcond if rtol is None else rtol)
    if hermitian:
        lower = x.tril()
        x = lower + x.tril(-1).mT
    return unary(ops.PINV, x, (least, relative, hermitian))


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """linalg.pinv with a relative tolerance."""
    return pinv(input, rtol=rcond)


def matrix_rank(
    A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are above max(atol, rtol * the largest), int64. tol: an older name of atol."""
    x = matrices("matrix_rank", A).detach()
    atol = tol if atol is None else atol
    size = eigvalsh(x).abs() if hermitian else svdvals(x)
    if 0 in size.shape[-1:]:
        return sum_(size > 0, -1)
    relative = rtol
    if relative is None:
        standard = float(np.finfo(x._data.dtype).eps) * max(x.shape[-2:])
        relative = standard if atol is None else standard * (new_zeros(x, ()) + atol <= 0)
    absolute = 0.0 if atol is None else atol
    largest = size.amax(-1)
    least = (largest * relative).maximum(new_zeros(x, ()) + absolute)
    return sum_(size > least.unsqueeze(-1), -1)


def matrix_exp(input: Tensor) -> Tensor:
    """The matrix exponential, the sum of input^k / k!."""
    return unary(ops.MATRIX_EXP, square("matrix_exp", input))
