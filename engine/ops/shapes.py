"""Ops that rearrange elements."""

from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(order)
    for to, source in enumerate(order):
        inverse[source] = to
    return tuple(inverse)


def _pieces_together(
    g_pieces: tuple[Any, ...], x_shape: tuple[int, ...], lengths: int | tuple[int, ...], dim: int
) -> Any:
    if len(g_pieces) == 1:
        return g_pieces[0]
    if isinstance(lengths, int):
        size = x_shape[dim]
        lengths = tuple(min(lengths, size - start) for start in range(0, size, lengths))
    like = next(g for g in g_pieces if g is not None)
    shapes = [(*x_shape[:dim], n, *x_shape[dim + 1 :]) for n in lengths]
    return CAT(*[like.new_zeros(s) if g is None else g for g, s in zip(g_pieces, shapes, strict=True)], dim)


def _rows_together(g_rows: tuple[Any, ...], dim: int) -> Any:
    like = next(g for g in g_rows if g is not None)
    return STACK(*[like.new_zeros(like.shape) if g is None else g for g in g_rows], dim)


def _split(
    g: Any, tensors_shape: tuple[tuple[int, ...], ...], dim: int, needs: tuple[bool, ...]
) -> list[Any]:
    parts, start = [], 0
    for shape, needed in zip(tensors_shape, needs, strict=True):
        parts.append(g.narrow(dim, start, shape[dim]) if needed else None)
        start += shape[dim]
    return parts


# the kernel copies where the memory can't be viewed in the new shape
RESHAPE = op("reshape", "x", "shape", view=True, vjp=(lambda g, x_shape: g.reshape(x_shape),))
PERMUTE = op("permute", "x", "order", view=True, vjp=(lambda g, order: g.permute(_inverse(order)),))
# the tape sums the expanded axes
EXPAND = op("expand", "x", "shape", view=True, broadcasts=True, vjp=(lambda g: g,))
FLIP = op("flip", "x", "dim", vjp=(lambda g, dim: g.flip(dim),))
CAT = op("cat", "*tensors", "dim", vjp=_split)
STACK = op(
    "stack",
    "*tensors",
    "dim",
    vjp=lambda g, dim, needs: [g.select(dim, k) if needed else None for k, needed in enumerate(needs)],
)
# what the graph calls slices that are taken together (engine.autograd.pieces), whose gradients are put
# together at once: pieces along an axis, of one length (but the last) or of several, and all of its indices
SPLIT = Op("split", "x", "lengths dim", outputs="*pieces", view=True, vjp=(_pieces_together,))
UNBIND = Op("unbind", "x", "dim", outputs="*rows", view=True, vjp=(_rows_together,))
# `key`: a tuple of ints, slices, None and Ellipsis
SLICE: Op = op("slice", "x", "key", view=True, vjp=(lambda g, x_shape, key: SLICE_GRAD(g, x_shape, key),))
# zeros of `shape` with x at `key`
SLICE_GRAD: Op = op("slice_grad", "x", "shape key", vjp=(lambda g, key: SLICE(g, key),))
# `key`: a tuple of slice(None), and of True for each of the index tensors in turn
INDEX: Op = op(
    "index",
    "x *indices",
    "key",
    vjp=(lambda g, indices, x_shape, key: INDEX_GRAD(g, *indices, x_shape, key), None),
)
# zeros of `shape` with x added at the indices
INDEX_GRAD: Op = op(
    "index_grad", "x *indices", "shape key", vjp=(lambda g, indices, key: INDEX(g, *indices, key), None)
)
GATHER = op(
    "gather",
    "x index",
    "dim",
    vjp=(lambda g, index, x_shape, dim: g.new_zeros(x_shape).scatter_add(dim, index, g), None),
)
SCATTER_ADD = op(
    "scatter_add",
    "x index source",
    "dim",
    vjp=(lambda g: g, None, lambda g, index, dim: g.gather(dim, index)),
)
TRIL = op("tril", "x", "diagonal", vjp=(lambda g, diagonal: g.tril(diagonal),))
TRIU = op("triu", "x", "diagonal", vjp=(lambda g, diagonal: g.triu(diagonal),))
# indices of the true elements, int64 [count, axes]; its shape depends on the values
NONZERO = op("nonzero", "x", vjp=CONSTANT)
