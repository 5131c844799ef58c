"""Determinants, inverses and systems of linear equations, for matrices [..., N, N]."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.autograd.tape import apply_several, binary, unary
from engine.dtypes import bool_, int32, int64
from engine.errors import DTypeError, ShapeError
from engine.ops import decompositions as ops
from engine.tensor.arithmetic import where
from engine.tensor.axes import axis
from engine.tensor.casting import in_single
from engine.tensor.creation import eye, new_ones, new_zeros
from engine.tensor.decompositions import cholesky, matrices, pinv, square, svdvals
from engine.tensor.products import matmul
from engine.tensor.promotion import cast
from engine.tensor.reductions import sum as sum_
from engine.tensor.shapes import narrow, permute, reshape, squeeze, transpose, tril, triu, unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "cholesky_inverse",
    "cholesky_solve",
    "det",
    "inverse",
    "logdet",
    "matrix_power",
    "slogdet",
    "triangular_solve",
]


class Slogdet(NamedTuple):
    """The result of slogdet: the determinant is sign exp(logabsdet)."""

    sign: Tensor
    logabsdet: Tensor


class Inverse(NamedTuple):
    """The result of linalg.inv_ex; info is 0, since a singular matrix raises."""

    inverse: Tensor
    info: Tensor


class Factor(NamedTuple):
    """The result of linalg.cholesky_ex; info is 0, since a matrix that isn't positive definite raises."""

    L: Tensor
    info: Tensor


class Solution(NamedTuple):
    """The result of linalg.solve_ex; info is 0, since a singular matrix raises."""

    result: Tensor
    info: Tensor


class TriangularSolution(NamedTuple):
    """The result of triangular_solve, with a copy of the matrix."""

    solution: Tensor
    cloned_coefficient: Tensor


class LeastSquares(NamedTuple):
    """The result of linalg.lstsq; what wasn't computed is empty."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def inverse(input: Tensor) -> Tensor:
    """The inverse; raises EngineError where there is none."""
    return unary(ops.INV, square("inverse", input))


def det(input: Tensor) -> Tensor:
    """The determinant."""
    return unary(ops.DET, square("det", input))


def slogdet(input: Tensor) -> Slogdet:
    """The sign of the determinant, and the log of its size."""
    return Slogdet(*apply_several(ops.SLOGDET, (square("slogdet", input),)))


def logdet(input: Tensor) -> Tensor:
    """log of the determinant; NaN where that is negative."""
    sign, size = slogdet(input)
    return size + sign.log()


def _no_info(x: Tensor) -> Tensor:
    return new_zeros(x, x.shape[:-2], dtype=int32)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Inverse:
    """The inverse beside PyTorch's info. Errors are always checked: a singular matrix raises EngineError."""
    return Inverse(inverse(A), _no_info(A))


def cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> Factor:
    """The Cholesky factor beside PyTorch's info. Errors are always checked."""
    return Factor(cholesky(input, upper), _no_info(input))


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X of A X = B, or of X A = B with left=False. B: [..., N, K], or vectors [..., N]."""
    square("solve", A)
    if A.dtype is not B.dtype:
        raise DTypeError(f"solve: A is {A.dtype} and B {B.dtype}; make them the same")
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vector and not left:
        raise ShapeError("solve: vectors B have no left=False; give rows as [..., K, N]")
    x = unsqueeze(B, -1) if vector else B
    if not left:
        return transpose(binary(ops.SOLVE, transpose(A, -2, -1), transpose(x, -2, -1)), -2, -1)
    out = binary(ops.SOLVE, A, x)
    return squeeze(out, -1) if vector else out


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Solution:
    """The solution beside PyTorch's info. Errors are always checked: a singular matrix raises EngineError."""
    return Solution(solve(A, B, left=left), _no_info(A))


def _triangle(A: Tensor, upper: bool, unitriangular: bool) -> Tensor:
    """The triangle that counts."""
    if unitriangular:
        one = eye(A.shape[-1], dtype=A.dtype, device=A.device)
        return (triu(A, 1) if upper else tril(A, -1)) + one
    return triu(A) if upper else tril(A)


def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X of A X = B, or of X A = B with left=False; A is triangular, and its other triangle isn't read.

    unitriangular: its diagonal isn't read either, and counts as ones
    """
    matrices("solve_triangular", B)
    return solve(_triangle(square("solve_triangular", A), upper, unitriangular), B, left=left)


def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """X of A X = input, or A.mT X = input, with a triangular A."""
    triangle = _triangle(square("triangular_solve", A), upper, unitriangular)
    out = solve(triangle.mT if transpose else triangle, matrices("triangular_solve", input))
    return TriangularSolution(out, A.clone())


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """X of A X = input, given A's Cholesky factor."""
    factor = _triangle(square("cholesky_solve", L), upper, False)
    lower = transpose(factor, -2, -1) if upper else factor
    return solve(transpose(lower, -2, -1), solve(lower, matrices("cholesky_solve", input)))


@in_single
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of A, given A's Cholesky factor."""
    factor = inverse(_triangle(square("cholesky_inverse", L), upper, False))
    turned = transpose(factor, -2, -1)
    return factor @ turned if upper else turned @ factor


@in_single
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """X that minimises the norm of A X - B, by the pseudo-inverse.

    driver: LAPACK's algorithm: "gels", "gelsy" (default), "gelsd" or "gelss". All give this solution; "gels"
    gives no rank, and the last two give the singular values.
    """
    x = matrices("lstsq", A)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise DTypeError(f"lstsq: driver must be 'gels', 'gelsy', 'gelsd' or 'gelss', not {driver!r}")
    rows, columns = x.shape[-2:]
    vector = B.ndim == x.ndim - 1 and B.shape == x.shape[:-1]
    b = unsqueeze(B, -1) if vector else matrices("lstsq", B)
    if b.shape[-2] != rows:
        raise ShapeError(f"lstsq: A {A.shape} and B {B.shape} must have as many rows")
    solution = matmul(pinv(x, rtol=rcond), b)
    # as in PyTorch, also what is empty belongs to the graph
    empty = narrow(reshape(solution, -1), 0, 0, 0)
    values = svdvals(x.detach())
    least = rcond if rcond is not None else 0.0
    rank = sum_(values > values.amax(-1, keepdim=True) * least, -1) if 0 not in values.shape else None
    residuals = empty
    if rows > columns and (driver == "gels" or rank is None or bool((rank == columns).all())):
        residuals = sum_((matmul(x, solution) - b) ** 2, -2)
    return LeastSquares(
        squeeze(solution, -1) if vector else solution,
        residuals,
        new_zeros(x, 0, dtype=int64) if driver == "gels" or rank is None else cast(rank, int64),
        values if driver in ("gelsd", "gelss") else new_zeros(x, 0),
    )


def matrix_power(A: Tensor, n: int) -> Tensor:
    """The product of n matrices A; of -n inverses for negative n."""
    square("matrix_power", A)
    n = index(n)
    base, rest = (inverse(A), -n) if n < 0 else (A, n)
    if rest == 0:
        one = eye(A.shape[-1], dtype=A.dtype, device=A.device)
        return where(new_ones(A, A.shape, dtype=bool_), one, A)
    out: Tensor | None = None
    while rest:
        if rest % 2:
            out = base if out is None else matmul(out, base)
        rest //= 2
        base = matmul(base, base) if rest else base
    return A.clone() if out is A or out is None else out


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of a linear map between tensors: A's first `ind` axes are its results."""
    if ind <= 0:
        raise ShapeError(f"tensorinv: ind must be positive, and is {ind}")
    rows, columns = A.shape[:ind], A.shape[ind:]
    size = _count(rows)
    if size != _count(columns):
        raise ShapeError(f"tensorinv: axes {rows} and {columns} of {A.shape} must hold as many elements")
    return reshape(inverse(reshape(A, (size, size))), (*columns, *rows))


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:
    """X of tensordot(A, X, X.ndim) = B. dims: axes of A that are moved to its end first."""
    if dims is not None:
        moved = [axis(d, A.ndim) for d in dims]
        A = permute(A, [k for k in range(A.ndim) if k not in moved] + moved)
    shape = A.shape[B.ndim :]
    size = _count(shape)
    if size != B.numel():
        raise ShapeError(f"tensorsolve: axes {shape} of A hold {size} elements, and B has {B.numel()}")
    return reshape(solve(reshape(A, (size, size)), reshape(B, (size,))), shape)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count
