"""Scattering with a reduction, and views by strides."""

from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op


def _self_grad(g: Any, x: Any, index: Any, source: Any, out: Any, dim: int, reduce: str) -> Any:
    if reduce == "prod":
        # what x is multiplied with, without a division, so that zeros are no exception
        return g * SCATTER_REDUCE(x.new_ones(x.shape), index, source, dim, "prod")
    share, kept = _shares(g, x, index, source, out, dim)
    return share * kept


def _source_grad(g: Any, x: Any, index: Any, source: Any, out: Any, dim: int, reduce: str) -> Any:
    if reduce == "prod":
        return _factor_grad(g, x, index, source, out, dim)
    share, _ = _shares(g, x, index, source, out, dim)
    return share.gather(dim, index) * (source == out.gather(dim, index)).to(g.dtype)


def _shares(g: Any, x: Any, index: Any, source: Any, out: Any, dim: int) -> tuple[Any, Any]:
    """The gradient divided evenly among the elements that attain the extreme, and whether x does."""
    kept = (x == out).to(g.dtype)
    attained = (source == out.gather(dim, index)).to(g.dtype)
    ties = kept.scatter_add(dim, index, attained)
    return (g / ties).where(ties != 0, 0.0), kept


def _factor_grad(g: Any, x: Any, index: Any, source: Any, out: Any, dim: int) -> Any:
    # the product of the others is out / source; a lone zero gets the product without it, zeros of several 0
    zero = source == 0
    zeros = g.new_zeros(x.shape).scatter_add(dim, index, zero.to(g.dtype)).gather(dim, index)
    lone = zero.logical_and(zeros == 1)
    others = SCATTER_REDUCE(x, index, source.masked_fill(lone, 1.0), dim, "prod")
    return (
        (g * others)
        .gather(dim, index)
        .where(lone, ((g * out).gather(dim, index) / source.masked_fill(zero, 1.0)).masked_fill(zero, 0.0))
    )


# x reduced, place by place, with the elements of source at index along dim; reduce: "prod", "amax", "amin"
SCATTER_REDUCE: Op = op(
    "scatter_reduce", "x index source", "dim reduce", vjp=(_self_grad, None, _source_grad)
)
# a view of row-major memory by strides and an offset counted in elements
AS_STRIDED: Op = op(
    "as_strided",
    "x",
    "size stride offset",
    view=True,
    vjp=(lambda g, x_shape, size, stride, offset: AS_STRIDED_GRAD(g, x_shape, size, stride, offset),),
)
# zeros of `shape` with x added at the places that such a view shows
AS_STRIDED_GRAD: Op = op(
    "as_strided_grad",
    "x",
    "shape size stride offset",
    vjp=(lambda g, size, stride, offset: AS_STRIDED(g.contiguous(), size, stride, offset),),
)
# windows of `size` along an axis, `step` apart, as a last axis; a view
WINDOWS: Op = op(
    "windows",
    "x",
    "dim size step",
    view=True,
    vjp=(lambda g, x_shape, dim, size, step: WINDOWS_GRAD(g, x_shape, dim, size, step),),
)
# zeros of `shape` with such windows added at their places
WINDOWS_GRAD: Op = op(
    "windows_grad",
    "x",
    "shape dim size step",
    vjp=(lambda g, dim, size, step: WINDOWS(g, dim, size, step),),
)
# where the elements of `values` belong in the sorted last axis of `boundaries`, int64
SEARCHSORTED = op("searchsorted", "boundaries values", "right", vjp=CONSTANT)
# the sorted distinct elements (along an axis, or of all where dim is None), where each element of x went, and
# how often each occurs
UNIQUE = op("unique", "x", "dim", outputs="values inverse counts", vjp=CONSTANT)
