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
    g: Any, places: Any, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Any:
    return picked(g, MAX_POOL_INDICES(places, shape, kernel, stride, padding, dilation))


# places: which of a window's places holds its largest element, the first of equal ones; the gradient goes
# there. It is their number by rows, uint8 where a window has 256 places at most, else int32
MAX_POOL: Op = op(
    "max_pool",
    "x",
    "kernel stride padding dilation ceil_mode",
    outputs="out places",
    auxiliary="places",
    vjp=(
        lambda g, places, x_shape, kernel, stride, padding, dilation: MAX_POOL_GRAD(
            g, places, x_shape[2:], kernel, stride, padding, dilation
        ),
    ),
)
# `shape`: the spatial axes of x
MAX_POOL_GRAD: Op = op(
    "max_pool_grad", "g0 places", "shape kernel stride padding dilation", vjp=(_picked_again, None)
)
# where in S, counted as one axis, the places are: int64 [N, C, *P]
MAX_POOL_INDICES: Op = op("max_pool_indices", "places", "shape kernel stride padding dilation", vjp=CONSTANT)
# the same of the largest elements of windows that divide the axes into `size` parts, as evenly as they can
# and overlapping if need be
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
