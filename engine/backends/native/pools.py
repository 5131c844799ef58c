"""Rows of the pools over one and two axes."""

import math

from engine.backends.native.rows import FLOAT32, INT64, Array, Native, Row, Shape, takes
from engine.backends.windows import Sizes, counter, positions

# places in a plane are counted in 32 bits
LARGEST = 2**31


def _two(sizes: Sizes, filler: int) -> Sizes:
    """One number for H and one for W, where a signal has H = 1."""
    return sizes if len(sizes) == 2 else (filler, *sizes)


def _space(
    shape: Shape, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Shape | None:
    """How many windows there are along the axes of `shape`; None where a window may have none inside."""
    if len(shape) > 2 or math.prod(shape) >= LARGEST:
        return None
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p >= k or (p and d > 1):
            return None
    space = positions(shape, kernel, stride, padding, dilation, ceil_mode)
    return space if min(space) > 0 else None


def _numbers(
    planes: int, shape: Shape, space: Shape, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> tuple[int, ...]:
    """What the kernels read: planes, H and W, windows along them, then the attributes for H and W in turn."""
    sizes = (*_two(shape, 1), *_two(space, 1), *_two(kernel, 1), *_two(stride, 1))
    return (planes, *sizes, *_two(padding, 0), *_two(dilation, 1))


def max_pool(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Native | None:
    if not takes(x):
        return None
    space = _space(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    if space is None:
        return None
    planes, shape = x.shape[0] * x.shape[1], (*x.shape[:2], *space)
    numbers = _numbers(planes, x.shape[2:], space, kernel, stride, padding, dilation)
    return Native("max_pool", (x,), ((shape, FLOAT32), (shape, counter(kernel))), numbers)


def _of_places(places: Array, shape: Sizes, *windows: Sizes) -> tuple[int, ...] | None:
    """The numbers of a kernel that reads places, where it takes them."""
    if places.size == 0 or not places.flags.c_contiguous or places.dtype != counter(windows[0]):
        return None
    if len(shape) > 2 or math.prod(shape) >= LARGEST:
        return None
    return _numbers(places.shape[0] * places.shape[1], shape, places.shape[2:], *windows)


def max_pool_indices(
    places: Array, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Native | None:
    numbers = _of_places(places, shape, kernel, stride, padding, dilation)
    if numbers is None:
        return None
    return Native("max_pool_indices", (places,), ((places.shape, INT64),), numbers)


def max_pool_grad(
    g: Array,
    places: Array,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> Native | None:
    numbers = _of_places(places, shape, kernel, stride, padding, dilation)
    if numbers is None or not takes(g) or g.shape != places.shape:
        return None
    return Native("max_pool_grad", (g, places), (((*g.shape[:2], *shape), FLOAT32),), numbers)


def adaptive_max_pool_indices(x: Array, size: Sizes) -> Native | None:
    if not takes(x) or x.ndim > 4 or min(size) < 1:
        return None
    numbers = (x.shape[0] * x.shape[1], *_two(x.shape[2:], 1), *_two(size, 1))
    return Native("adaptive_max_pool_indices", (x,), (((*x.shape[:2], *size), INT64),), numbers)


def avg_pool(
    x: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    include: bool,
    divisor: int | None,
) -> Native | None:
    if not takes(x):
        return None
    near = (1,) * len(kernel)
    space = _space(x.shape[2:], kernel, stride, padding, near, ceil_mode)
    if space is None:
        return None
    planes = x.shape[0] * x.shape[1]
    numbers = _numbers(planes, x.shape[2:], space, kernel, stride, padding, near)
    out = (*x.shape[:2], *space)
    return Native("avg_pool", (x,), ((out, FLOAT32),), (*numbers, include, divisor or 0))


def avg_pool_grad(
    g: Array,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    include: bool,
    divisor: int | None,
) -> Native | None:
    if not takes(g):
        return None
    near = (1,) * len(kernel)
    space = _space(shape, kernel, stride, padding, near, ceil_mode)
    if space != g.shape[2:]:
        return None
    numbers = _numbers(g.shape[0] * g.shape[1], shape, space, kernel, stride, padding, near)
    out = (*g.shape[:2], *shape)
    return Native("avg_pool_grad", (g,), ((out, FLOAT32),), (*numbers, include, divisor or 0))


ROWS: dict[str, Row] = {
    "max_pool": max_pool,
    "max_pool_grad": max_pool_grad,
    "max_pool_indices": max_pool_indices,
    "adaptive_max_pool_indices": adaptive_max_pool_indices,
    "avg_pool": avg_pool,
    "avg_pool_grad": avg_pool_grad,
}
