"""Convolutions over any number of spatial axes.

x [N, C, *S], weight [O, C / groups, *K], result [N, O, *P]; stride, padding and dilation are one integer for
each spatial axis. Each of the three products is linear in both of its operands, and the gradients of any of
them are the other two, of conjugates (which only complex numbers notice). The gradient in x is also what
users know as the transposed convolution.
"""

from typing import Any

from engine.ops.op import Op
from engine.ops.table import op

Sizes = tuple[int, ...]


def _input_grad(
    g: Any, weight: Any, x_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    return CONV_INPUT_GRAD(g, weight.conj(), x_shape[2:], stride, padding, dilation, groups)


def _weight_grad(
    g: Any, x: Any, weight_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    return CONV_WEIGHT_GRAD(x.conj(), g, weight_shape[2:], stride, padding, dilation, groups)


CONV: Op = op(
    "conv",
    "x weight bias",
    "stride padding dilation groups",
    vjp=(_input_grad, _weight_grad, lambda g: g.sum((0, *range(2, len(g.shape))))),
)
CONV_NO_BIAS: Op = op(
    "conv_no_bias",
    "x weight",
    "stride padding dilation groups",
    vjp=(_input_grad, _weight_grad),
)
# `shape`: the spatial axes of x, which those of the result don't say where the stride leaves elements out
CONV_INPUT_GRAD: Op = op(
    "conv_input_grad",
    "g0 weight",
    "shape stride padding dilation groups",
    vjp=(
        lambda g, weight, stride, padding, dilation, groups: CONV_NO_BIAS(
            g, weight.conj(), stride, padding, dilation, groups
        ),
        lambda g, g0, weight_shape, stride, padding, dilation, groups: CONV_WEIGHT_GRAD(
            g, g0.conj(), weight_shape[2:], stride, padding, dilation, groups
        ),
    ),
)
# `kernel`: the spatial axes of the weight
CONV_WEIGHT_GRAD: Op = op(
    "conv_weight_grad",
    "x g0",
    "kernel stride padding dilation groups",
    vjp=(
        lambda g, g0, x_shape, stride, padding, dilation, groups: CONV_INPUT_GRAD(
            g0.conj(), g, x_shape[2:], stride, padding, dilation, groups
        ),
        lambda g, x, stride, padding, dilation, groups: CONV_NO_BIAS(
            x.conj(), g, stride, padding, dilation, groups
        ),
    ),
)
