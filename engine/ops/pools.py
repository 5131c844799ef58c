"""Pooling over any number of spatial axes: of each window of x [N, C, *S] one number, [N, C, *P].

kernel, stride, padding and dilation are one integer for each spatial axis. ceil_mode also counts windows
that begin within the input and end beyond it.
"""

from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op

Sizes = tuple[int, ...]


def picked(x: Any, indices: Any) -> Any:
    """Of x [N, C, *S] the elements at indices [N, C, *P] into the spatial axes, counted as one."""
    return x.flatten(2).gather(2, indices.flatten(2)).reshape(indices.shape)


def _picked_again(
    g: Any, x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Any:
    return picked(g, MAX_POOL_INDICES(x, kernel, stride, padding, dilation, ceil_mode))


# the gradient goes to the first of equal elements, by rows
MAX_POOL: Op = op(
    "max_pool",
    "x",
    "kernel stride padding dilation ceil_mode",
    vjp=(
        lambda g, x, kernel, stride, padding, dilation, ceil_mode: MAX_POOL_GRAD(
            g, x, kernel, stride, padding, dilation, ceil_mode
        ),
    ),
)
MAX_POOL_GRAD: Op = op(
    "max_pool_grad", "g0 x", "kernel stride padding dilation ceil_mode", vjp=(_picked_again, None)
)
# where in S, counted as one axis, the largest element of each window is: int64 [N, C, *P]
MAX_POOL_INDICES: Op = op("max_pool_indices", "x", "kernel stride padding dilation ceil_mode", vjp=CONSTANT)
# the same of windows that divide the axes into `size` parts, as evenly as they can and overlapping if need be
ADAPTIVE_MAX_POOL_INDICES: Op = op("adaptive_max_pool_indices", "x", "size", vjp=CONSTANT)
# the same of `size` windows of `kernel` at random distances, which samples [N, C, axes] in [0, 1) fix
FRACTIONAL_MAX_POOL_INDICES: Op = op("fractional_max_pool_indices", "x samples", "kernel size", vjp=CONSTANT)
# `include`: whether the padding counts as elements; `divisor`: what to divide by instead of a count, or None
AVG_POOL: Op = op(
    "avg_pool",
    "x",
    "kernel stride padding ceil_mode include divisor",
    vjp=(
        lambda g, x_shape, kernel, stride, padding, ceil_mode, include, divisor: AVG_POOL_GRAD(
            g, x_shape[2:], kernel, stride, padding, ceil_mode, include, divisor
        ),
    ),
)
# `shape`: the spatial axes of x
AVG_POOL_GRAD: Op = op(
    "avg_pool_grad",
    "g0",
    "shape kernel stride padding ceil_mode include divisor",
    vjp=(
        lambda g, kernel, stride, padding, ceil_mode, include, divisor: AVG_POOL(
            g, kernel, stride, padding, ceil_mode, include, divisor
        ),
    ),
)
