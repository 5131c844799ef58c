"""Ops that lay elements around a tensor, resample its axes, or take it apart into patches."""

from typing import Any

from engine.ops.op import Op
from engine.ops.shapes import SLICE
from engine.ops.table import op


def _middle(g: Any, x_shape: tuple[int, ...], widths: tuple[tuple[int, int], ...]) -> Any:
    return SLICE(g, tuple(slice(a, a + n) for (a, _), n in zip(widths, x_shape, strict=True)))


# `widths`: how many elements of `value` before and after each axis
PAD: Op = op("pad", "x", "widths value", vjp=(_middle,))
# axis `dim` made of `size` elements by weighted sums along it, as `rule` says: see engine.backends.resampling
RESAMPLE: Op = op(
    "resample",
    "x",
    "dim size rule",
    vjp=(lambda g, x_shape, dim, size, rule: RESAMPLE_GRAD(g, dim, x_shape[dim], rule),),
)
# its adjoint; `size`: that of the axis before
RESAMPLE_GRAD: Op = op(
    "resample_grad",
    "g0",
    "dim size rule",
    vjp=(lambda g, g0_shape, dim, size, rule: RESAMPLE(g, dim, g0_shape[dim], rule),),
)
# x [N, C, *S] as [N, C prod(K), L]: the L windows as columns, by channel and place
UNFOLD: Op = op(
    "unfold",
    "x",
    "kernel stride padding dilation",
    vjp=(
        lambda g, x_shape, kernel, stride, padding, dilation: FOLD(
            g, x_shape[2:], kernel, stride, padding, dilation
        ),
    ),
)
# its adjoint: the columns added where they came from; `shape`: the spatial axes
FOLD: Op = op(
    "fold",
    "columns",
    "shape kernel stride padding dilation",
    vjp=(lambda g, kernel, stride, padding, dilation: UNFOLD(g, kernel, stride, padding, dilation),),
)
