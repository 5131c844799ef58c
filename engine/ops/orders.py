"""Ops along one axis that sort or accumulate, and the diagonal. `dim` is one axis."""

from typing import Any

from engine.ops.op import Op
from engine.ops.shapes import CAT
from engine.ops.table import op


def _before(x: Any, dim: int) -> Any:
    """The product of all elements before each one."""
    if not x.shape:
        return x.new_ones(())
    size = x.shape[dim]
    if size == 0:
        return x
    shape = tuple(1 if axis == dim else n for axis, n in enumerate(x.shape))
    return CAT(x.new_ones(shape), CUMPROD(x.narrow(dim, 0, size - 1), dim), dim)


def _prod_grad(g: Any, x: Any, dim: int, keepdim: bool) -> Any:
    # without a division, so that zeros are no exception
    if x.shape and not keepdim:
        g = g.unsqueeze(dim)
    return g * _before(x, dim) * (_before(x.flip(dim), dim).flip(dim) if x.shape else 1)


def _cumprod_grad(g: Any, x: Any, dim: int) -> Any:
    # out_j for j >= k holds x_k once: s_k = g_k + x_(k+1) s_(k+1), times what stands before k
    if not x.shape or x.shape[dim] == 0:
        return g
    return _backwards(g, x, dim) * _before(x, dim)


def _backwards(b: Any, a: Any, dim: int) -> Any:
    """s_k = b_k + a_(k+1) s_(k+1) along an axis."""
    size = a.shape[dim]
    following = CAT(a.narrow(dim, 1, size - 1), a.new_zeros(a.narrow(dim, 0, 1).shape), dim)
    return LINEAR_SCAN(b.flip(dim), following.flip(dim), dim).flip(dim)


def _factor_grad(g: Any, a: Any, out: Any, dim: int) -> Any:
    preceding = CAT(out.new_zeros(out.narrow(dim, 0, 1).shape), out.narrow(dim, 0, out.shape[dim] - 1), dim)
    return _backwards(g, a, dim) * preceding


def _to_index(g: Any, indices: Any, x_shape: tuple[int, ...], dim: int) -> Any:
    return g.new_zeros(x_shape).scatter_add(dim, indices, g)


def _picked(name: str, attrs: str) -> Op:
    """An op whose values are elements of x, and which tells where they stood."""
    return op(name, "x", attrs, outputs="values indices", auxiliary="indices", vjp=(_to_index,))


PROD = op("prod", "x", "dim keepdim", vjp=(_prod_grad,))
CUMPROD: Op = op("cumprod", "x", "dim", vjp=(_cumprod_grad,))
# s_k = b_k + a_k s_(k-1) along one axis that isn't empty; a_0 isn't read
LINEAR_SCAN: Op = op("linear_scan", "b a", "dim", vjp=(lambda g, a, dim: _backwards(g, a, dim), _factor_grad))
# the k largest or smallest in order; NaN counts as the largest
TOPK = _picked("topk", "k dim largest")
# stable; NaN counts as the largest
SORT = _picked("sort", "dim descending")
# the extreme value so far, with the last index that attains it
CUMMAX = _picked("cummax", "dim")
CUMMIN = _picked("cummin", "dim")
# the diagonal comes last
DIAGONAL: Op = op(
    "diagonal",
    "x",
    "offset dim1 dim2",
    view=True,
    vjp=(lambda g, x_shape, offset, dim1, dim2: DIAGONAL_GRAD(g, x_shape, offset, dim1, dim2),),
)
# zeros of `shape` with x on a diagonal
DIAGONAL_GRAD: Op = op(
    "diagonal_grad",
    "x",
    "shape offset dim1 dim2",
    vjp=(lambda g, offset, dim1, dim2: DIAGONAL(g, offset, dim1, dim2),),
)
# x with the elements of source at index along dim; of several for one place, any
SCATTER: Op = op(
    "scatter",
    "x index source",
    "dim",
    vjp=(
        lambda g, index, dim: SCATTER(g, index, g.new_zeros(index.shape), dim),
        None,
        lambda g, index, dim: g.gather(dim, index),
    ),
)
