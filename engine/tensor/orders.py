"""Sorting, choosing and accumulating along an axis, and statistics composed of reductions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.autograd.tape import apply_several, unary
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.ops import orders as ops
from engine.ops.scans import LOGCUMSUMEXP, VECTOR_NORM
from engine.tensor.arithmetic import where
from engine.tensor.axes import Dim, axis
from engine.tensor.casting import in_single
from engine.tensor.creation import full_like
from engine.tensor.indexing import getitem
from engine.tensor.promotion import cast, floating, inexact, require_ordered
from engine.tensor.reductions import ValuesIndices, amax, amin, mean, std, var
from engine.tensor.reductions import max as max_
from engine.tensor.reductions import sum as sum_
from engine.tensor.shapes import cat, narrow, reshape, select, unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "aminmax",
    "argsort",
    "count_nonzero",
    "cummax",
    "cummin",
    "cumprod",
    "cumulative_trapezoid",
    "diff",
    "dist",
    "kthvalue",
    "logcumsumexp",
    "median",
    "msort",
    "nanmean",
    "nansum",
    "prod",
    "sort",
    "std_mean",
    "topk",
    "trace",
    "trapezoid",
    "trapz",
    "var_mean",
]


class MinMax(NamedTuple):
    """The result of aminmax."""

    min: Tensor
    max: Tensor


def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Tensor:
    """The product along an axis, or of all elements; of bool and integers in int64."""
    if dtype is not None:
        input = cast(input, dtype)
    if dim is None:
        out = unary(ops.PROD, reshape(input, -1), (0, False))
    else:
        out = unary(ops.PROD, input, (axis(dim, input.ndim), keepdim))
    return out if dtype is None else cast(out, dtype)


def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Products of the elements up to and including each one along `dim`."""
    if dtype is not None:
        input = cast(input, dtype)
    out = unary(ops.CUMPROD, input, (axis(dim, input.ndim),))
    return out if dtype is None else cast(out, dtype)


def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log of the running sum of exp along `dim`, without overflow."""
    return unary(LOGCUMSUMEXP, floating(input), (axis(dim, input.ndim),))


def cummax(input: Tensor, dim: int) -> ValuesIndices:
    """The largest element so far along `dim`, and the last index where it is."""
    require_ordered("cummax", input)
    return ValuesIndices(*apply_several(ops.CUMMAX, (input,), (axis(dim, input.ndim),)))


def cummin(input: Tensor, dim: int) -> ValuesIndices:
    """The smallest element so far along `dim`, and the last index where it is."""
    require_ordered("cummin", input)
    return ValuesIndices(*apply_several(ops.CUMMIN, (input,), (axis(dim, input.ndim),)))


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> ValuesIndices:
    """The elements along `dim` in order, and where they stood. Always stable; NaN counts as the largest."""
    require_ordered("sort", input)
    return ValuesIndices(*apply_several(ops.SORT, (input,), (axis(dim, input.ndim), descending)))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The indices that sort along `dim`."""
    return sort(input, dim, descending).indices


def msort(input: Tensor) -> Tensor:
    """Sorted along the first axis."""
    return sort(input, 0).values


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The k largest (or smallest) elements along `dim`, always sorted, and where they stood."""
    at = axis(dim, input.ndim)
    if not 0 <= k <= (input.shape[at] if input.ndim else 1):
        raise ShapeError(f"topk: k is {k}, and axis {at} of {input.shape} hasn't as many elements")
    return ValuesIndices(*apply_several(ops.TOPK, (input,), (k, at, largest)))


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The k-th smallest element along `dim`, counted from 1, and where it stood."""
    at = axis(dim, input.ndim)
    if not 1 <= k <= (input.shape[at] if input.ndim else 1):
        raise ShapeError(f"kthvalue: k is {k}, and axis {at} of {input.shape} hasn't as many elements")
    return _at(sort(input, at), at, k - 1, keepdim)


def _at(found: ValuesIndices, dim: int, place: int, keepdim: bool) -> ValuesIndices:
    if not found.values.ndim:
        return found
    out = [select(x, dim, place) for x in found]
    return ValuesIndices(*[unsqueeze(x, dim) if keepdim else x for x in out])


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median, the lower of two; along `dim` with its index. NaN where there is one."""
    if dim is None:
        if not input.is_floating_point():
            return median(reshape(input, -1), 0).values
        if input.numel() == 0:
            return full_like(input.detach().sum(), math.nan)
        found = median(reshape(input.detach(), -1), 0).values
        return evenly(input, found)
    at = axis(dim, input.ndim)
    size = input.shape[at] if input.ndim else 1
    found = sort(input, at)
    if not input.is_floating_point() or not input.ndim:
        return _at(found, at, (size - 1) // 2, keepdim)
    # NaN comes last: the first of them, where there is one
    there = sum_(input.isnan().logical_not(), at, True)
    place = where(there == size, (size - 1) // 2, there)
    out = [x.gather(at, place) for x in found]
    return ValuesIndices(*[x if keepdim else x.squeeze(at) for x in out])


def evenly(input: Tensor, found: Tensor) -> Tensor:
    """`found`, one of the elements, whose gradient those equal to it share."""
    if not input._requires:
        return found
    # of equal elements the mean would round, and of infinite ones be NaN
    same = getitem(input, (input == found) | (input.isnan() & found.isnan()))
    return max_(same)


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """The smallest and the largest value."""
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


def var_mean(input: Tensor, *args: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """var and mean over the same axes."""
    return var(input, *args, **options), _mean_beside(input, args, options)


def std_mean(input: Tensor, *args: Any, **options: Any) -> tuple[Tensor, Tensor]:
    """std and mean over the same axes."""
    return std(input, *args, **options), _mean_beside(input, args, options)


def _mean_beside(input: Tensor, args: tuple[Any, ...], options: dict[str, Any]) -> Tensor:
    dim = options.get("dim", args[0] if args and not isinstance(args[0], bool) else None)
    return mean(input, dim, options.get("keepdim", False))


def nansum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The sum of what isn't NaN."""
    return sum_(where(input.isnan(), 0, input), dim, keepdim, dtype=dtype)


def nanmean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The mean of what isn't NaN."""
    there = input.isnan().logical_not()
    return nansum(input, dim, keepdim, dtype=dtype) / cast(sum_(there, dim, keepdim), input.dtype)


def count_nonzero(input: Tensor, dim: Dim = None) -> Tensor:
    """How many elements aren't zero, int64."""
    return sum_(input != 0, dim)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of input - other."""
    gap = inexact(input - other)
    return unary(VECTOR_NORM, gap, (float(p), tuple(range(gap.ndim)), False))


@in_single
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    if input.ndim != 2:
        raise ShapeError(f"trace takes a matrix, not shape {input.shape}")
    return sum_(unary(ops.DIAGONAL, input, (0, 0, 1)))


def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """Differences of neighbours along `dim`, taken n times."""
    at = axis(dim, input.ndim)
    if n < 0:
        raise ShapeError(f"diff: n must not be negative, and is {n}")
    if n == 0:
        return input
    pieces = [x for x in (prepend, input, append) if x is not None]
    out = cat(pieces, at) if len(pieces) > 1 else input
    for _ in range(min(n, out.shape[at])):
        size = out.shape[at]
        later, earlier = narrow(out, at, 1, size - 1), narrow(out, at, 0, size - 1)
        out = later.logical_xor(earlier) if out._data.dtype.kind == "b" else later - earlier
    return out


def _slabs(y: Tensor, x: Tensor | None, dx: float, dim: int) -> tuple[Tensor, int]:
    at = axis(dim, y.ndim)
    size = y.shape[at]
    if size < 2:
        return narrow(y, at, 0, 0), at
    total = narrow(y, at, 1, size - 1) + narrow(y, at, 0, size - 1)
    if x is None:
        return total * (dx / 2), at
    widths = diff(x) if x.ndim == 1 else diff(x, 1, at if x.ndim == y.ndim else dim)
    if x.ndim == 1:
        widths = widths.reshape([-1 if k == at else 1 for k in range(y.ndim)])
    return total * widths / 2, at


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The integral along `dim` by the trapezoidal rule, at the points x or `dx` apart."""
    slabs, at = _slabs(y, x, dx, dim)
    if x is None and y.shape[at] > 1:
        # the sum of integers has room for them, the sum of two neighbours may not
        return (sum_(y, at) - (select(y, at, 0) + select(y, at, -1)) * 0.5) * dx
    return sum_(slabs, at)


def trapz(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """trapezoid by its older name."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The integral so far along `dim`."""
    slabs, at = _slabs(y, x, dx, dim)
    return slabs.cumsum(at)
