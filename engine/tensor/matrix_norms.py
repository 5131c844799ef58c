"""Norms of vectors and matrices, condition numbers, and products of several matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine.dtypes import DType
from engine.errors import DTypeError, ShapeError
from engine.tensor.axes import Dim, axis
from engine.tensor.casting import in_half
from engine.tensor.decompositions import matrices, square, svdvals
from engine.tensor.distances import vector_norm as _vector_norm
from engine.tensor.grids import powers_of
from engine.tensor.placing import diagonal as _diagonal
from engine.tensor.products import matmul
from engine.tensor.promotion import cast
from engine.tensor.reductions import amax, amin
from engine.tensor.reductions import sum as sum_
from engine.tensor.shapes import permute, unsqueeze
from engine.tensor.solvers import inverse

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = ["chain_matmul", "norm"]


def vector_norm(
    x: Tensor, ord: float = 2, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """(sum |x|^ord)^(1/ord) over axes; inf and -inf: the extreme size, 0: the count of non-zeros."""
    return _vector_norm(x if dtype is None else cast(x, dtype), ord, dim, keepdim)


def matrix_norm(
    A: Tensor,
    ord: float | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
) -> Tensor:
    """The norm of the matrices along two axes.

    ord: "fro" (Frobenius'), "nuc" (the sum of the singular values), inf and 1 (the largest sum of sizes of a
    row, of a column), 2 (the largest singular value), and -inf, -1, -2 (the smallest of each)
    """
    x = matrices("matrix_norm", A if dtype is None else cast(A, dtype))
    rows, columns = (axis(d, x.ndim) for d in dim)
    if rows == columns:
        raise ShapeError(f"matrix_norm: two different axes are needed, not {tuple(dim)}")
    if ord == "fro":
        return _vector_norm(x, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        rest = [k for k in range(x.ndim) if k not in (rows, columns)]
        values = svdvals(permute(x, [*rest, rows, columns]))
        out = sum_(values, -1) if ord == "nuc" else amax(values, -1) if ord == 2 else amin(values, -1)
        for at in sorted((rows, columns)) if keepdim else ():
            out = unsqueeze(out, at)
        return out
    if ord in (1, -1, math.inf, -math.inf):
        along, over = (rows, columns) if ord in (1, -1) else (columns, rows)
        sums = _vector_norm(x, 1, along, True)
        out = (amax if ord in (1, math.inf) else amin)(sums, over, True)
        return out if keepdim else out.squeeze((rows, columns))
    raise DTypeError(f"matrix_norm: ord must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, not {ord!r}")


def linalg_norm(
    A: Tensor,
    ord: float | str | None = None,
    dim: Dim = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
) -> Tensor:
    """A vector norm over one axis, a matrix norm over two. Without ord the 2-norm of all elements.

    Without dim but with ord, the tensor itself is a vector or a matrix.
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None:
        if A.ndim not in (1, 2):
            raise ShapeError(f"norm: with ord={ord!r} and no dim a vector or matrix is needed, not {A.shape}")
        along: tuple[int, ...] = tuple(range(A.ndim))
    else:
        along = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(along) == 1:
        if isinstance(ord, str):
            raise DTypeError(f"norm: {ord!r} is a norm of matrices, and one axis is given")
        return vector_norm(A, ord, along, keepdim, dtype=dtype)
    return matrix_norm(A, ord, along, keepdim, dtype=dtype)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dim = None,
    keepdim: bool = False,
    dtype: DType | None = None,
) -> Tensor:
    """The p-norm over axes, of all elements by default; "nuc": the sum of a matrix's singular values."""
    if p == "nuc":
        along = tuple(range(input.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
        if len(along) != 2:
            raise ShapeError(f"norm: 'nuc' needs two axes, not {along} of shape {input.shape}")
        return matrix_norm(input, "nuc", along, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise DTypeError(f"norm: p must be a number, 'fro' or 'nuc', not {p!r}")
    order = 2.0 if p in ("fro", None) else float(p)
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: float | str | None = None) -> Tensor:
    """norm(A) norm(inverse(A)); for p None, 2 and -2 the ratio of the extreme singular values."""
    if p in (None, 2, -2):
        values = svdvals(matrices("cond", A))
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    square("cond", A)
    order: Any = p
    return matrix_norm(A, order) * matrix_norm(inverse(A), order)


@in_half
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sum of products along an axis, of the conjugate of x where it is complex; the others broadcast."""
    if x.dtype is not y.dtype:
        raise DTypeError(f"vecdot: the operands are {x.dtype} and {y.dtype}; make them the same")
    return sum_((x.conj() if x.is_complex() else x) * y, dim)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices (the first and last may be vectors), in the cheapest order."""
    found = list(tensors)
    if len(found) < 2:
        raise ShapeError(f"multi_dot takes at least two tensors, not {len(found)}")
    if any(x.ndim != 2 for x in found[1:-1]) or any(x.ndim not in (1, 2) for x in (found[0], found[-1])):
        raise ShapeError(f"multi_dot takes matrices, and vectors at the ends, not {[x.shape for x in found]}")
    row, column = found[0].ndim == 1, found[-1].ndim == 1
    found[0] = unsqueeze(found[0], 0) if row else found[0]
    found[-1] = unsqueeze(found[-1], 1) if column else found[-1]
    out = _product(found, _order([x.shape[0] for x in found] + [found[-1].shape[1]]), 0, len(found) - 1)
    if column:
        out = out.squeeze(1)
    return out.squeeze(0) if row else out


def _order(sizes: list[int]) -> list[list[int]]:
    """Where to split each range of a chain of matrices (Cormen et al., Introduction to Algorithms, 15.2)."""
    count = len(sizes) - 1
    cost = [[0] * count for _ in range(count)]
    cut = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            cost[first][last], cut[first][last] = min(
                (cost[first][k] + cost[k + 1][last] + sizes[first] * sizes[k + 1] * sizes[last + 1], k)
                for k in range(first, last)
            )
    return cut


def _product(tensors: list[Tensor], cut: list[list[int]], first: int, last: int) -> Tensor:
    if first == last:
        return tensors[first]
    k = cut[first][last]
    return matmul(_product(tensors, cut, first, k), _product(tensors, cut, k + 1, last))


def chain_matmul(*matrices: Tensor) -> Tensor:
    """linalg.multi_dot of matrices given one by one."""
    return matrices[0] if len(matrices) == 1 else multi_dot(matrices)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of the matrices along the last two axes; a view."""
    return _diagonal(A, offset, dim1, dim2)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """[..., n, N] with the powers 0, 1, ... of vectors' elements in rows."""
    vectors = x if x.ndim else unsqueeze(x, 0)
    return powers_of(vectors, vectors.shape[-1] if N is None else N)
