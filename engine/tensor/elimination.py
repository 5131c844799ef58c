"""Matrices taken apart by elimination (LU) and by reflections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.autograd.tape import apply_several, unary
from engine.dtypes import bool_, int32
from engine.errors import DTypeError, ShapeError
from engine.ops import decompositions as ops
from engine.tensor.arithmetic import where
from engine.tensor.casting import in_single
from engine.tensor.creation import eye, new_ones, new_zeros
from engine.tensor.decompositions import matrices, square
from engine.tensor.indexing import gather
from engine.tensor.shapes import expand, narrow, transpose, tril, triu, unsqueeze
from engine.tensor.solvers import solve

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "lu",
    "lu_solve",
    "lu_unpack",
    "ormqr",
]


class Packed(NamedTuple):
    """The result of linalg.lu_factor: both factors in one matrix, and LAPACK's pivots."""

    LU: Tensor
    pivots: Tensor


class PackedInfo(NamedTuple):
    """The result of linalg.lu_factor_ex; info is the first column without a pivot, from 1 on, or 0."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


class PLU(NamedTuple):
    """The result of linalg.lu: input = P L U."""

    P: Tensor
    L: Tensor
    U: Tensor


def lu_factor(A: Tensor, *, pivot: bool = True) -> Packed:
    """P L U with both factors in one matrix, the ones on L's diagonal left out; pivots are int32."""
    if not pivot:
        raise DTypeError("lu_factor: pivot=False exists on CUDA only; leave pivot out")
    packed, pivots, _ = apply_several(ops.LU, (matrices("lu_factor", A),))
    return Packed(packed, pivots)


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> PackedInfo:
    """lu_factor with, in place of a later error, the number of the first column that has no pivot."""
    packed, pivots = lu_factor(A, pivot=pivot)
    zero = packed.detach().diagonal(0, -2, -1) == 0
    if zero.shape[-1] == 0:
        return PackedInfo(packed, pivots, new_zeros(packed, zero.shape[:-1], dtype=int32))
    first = zero.to(int32).argmax(-1) + 1
    info = first.where(zero.any(-1), 0).to(int32)
    if check_errors and bool((info != 0).any()):
        raise ShapeError("lu_factor_ex: a matrix is singular, and check_errors was given")
    return PackedInfo(packed, pivots, info)


def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """linalg.lu_factor, with the info of linalg.lu_factor_ex if get_infos."""
    found = lu_factor_ex(A, pivot=pivot)
    return found if get_infos else Packed(found.LU, found.pivots)


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> PLU:
    """P, L and U from what lu_factor gives; what isn't unpacked is empty."""
    none = new_zeros(LU_data, 0)
    lower, upper = _factors(matrices("lu_unpack", LU_data)) if unpack_data else (none, none)
    turn = _permutation(_order(LU_pivots, LU_data), LU_data) if unpack_pivots else none
    return PLU(turn, lower, upper)


def linalg_lu(A: Tensor, *, pivot: bool = True) -> PLU:
    """A = P L U with a permutation P, unit lower L and upper U, by partial pivoting."""
    packed, pivots = lu_factor(A, pivot=pivot)
    return lu_unpack(packed, pivots)


def _order(pivots: Tensor, packed: Tensor) -> Tensor:
    """Which row of the matrix each row of L U is."""
    return unary(ops.PIVOT_ORDER, pivots, (packed.shape[-2],))


def _factors(packed: Tensor) -> tuple[Tensor, Tensor]:
    rows, columns = packed.shape[-2:]
    size = min(rows, columns)
    one = eye(rows, size, dtype=packed.dtype, device=packed.device)
    return tril(narrow(packed, -1, 0, size), -1) + one, triu(narrow(packed, -2, 0, size))


def _permutation(order: Tensor, like: Tensor) -> Tensor:
    """The matrix P with P[order[i], i] = 1."""
    rows = order.shape[-1]
    one = expand(eye(rows, dtype=like.dtype, device=like.device), (*order.shape, rows))
    return transpose(gather(one, -2, expand(unsqueeze(order, -1), one.shape)), -2, -1)


@in_single
def linalg_lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """X of A X = B, of X A = B with left=False, of A.mT X = B with adjoint, given A's lu_factor."""
    if not left:
        # of the transposed equation
        out = linalg_lu_solve(LU, pivots, transpose(B, -2, -1), adjoint=not adjoint)
        return transpose(out, -2, -1)
    lower, upper = _factors(square("lu_solve", LU))
    turn = _permutation(_order(pivots, LU), LU)
    if adjoint:
        return turn @ solve(lower.mT, solve(upper.mT, B))
    return solve(upper, solve(lower, turn.mT @ B))


def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """X of A X = input, given A's lu_factor."""
    return linalg_lu_solve(LU_data, LU_pivots, input)


def _reflector(x: Tensor, k: int) -> Tensor:
    """[..., M, 1]: zeros, a 1 at k, and what stands below it in column k."""
    column, rows = narrow(x, -1, k, 1), x.shape[-2]
    below = narrow(new_ones(x, rows, x.shape[-1]).tril(-1), 1, k, 1) != 0
    unit = narrow(eye(rows, x.shape[-1], dtype=x.dtype, device=x.device), 1, k, 1)
    return column.where(below, unit)


def _reflected(x: Tensor, tau: Tensor, other: Tensor, order: Any) -> Tensor:
    for k in order:
        v = _reflector(x, k)
        other = other - unsqueeze(narrow(tau, -1, k, 1), -1) * v @ (v.mT @ other)
    return other


def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first N columns of the product of I - tau_k v_k v_k.mT, v_k below the diagonal of column k.

    input: [..., M, N] with M >= N, as LAPACK's geqrf leaves it; tau: [..., K], K <= N
    """
    x = matrices("householder_product", input)
    rows, columns = x.shape[-2:]
    if rows < columns or tau.shape[:-1] != x.shape[:-2] or tau.shape[-1] > columns:
        raise ShapeError(
            f"householder_product takes [..., M, N] with M >= N and [..., K] with K <= N, not {x.shape} and "
            f"{tau.shape}"
        )
    # also without any reflection the result belongs to x's graph
    one = where(new_ones(x, x.shape, dtype=bool_), eye(rows, columns, dtype=x.dtype, device=x.device), x)
    return _reflected(x, tau, one, reversed(range(tau.shape[-1])))


def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """Q @ other, Q the product of all reflections that input and tau (of geqrf) stand for; or other @ Q.

    transpose: with Q.mT in place of Q
    """
    x = matrices("ormqr", input)
    if not left:
        return ormqr(input, tau, other.mT, True, not transpose).mT
    if other.ndim < 2 or other.shape[-2] != x.shape[-2]:
        raise ShapeError(f"ormqr: {x.shape} and {other.shape} must have as many rows")
    steps = range(tau.shape[-1])
    return _reflected(x, tau, other, steps if transpose else reversed(steps))
