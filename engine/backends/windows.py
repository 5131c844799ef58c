"""Geometry of sliding windows along one axis, the same on every backend."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


def reach(kernel: int, dilation: int) -> int:
    """How many elements a window spans, from its first to its last."""
    return dilation * (kernel - 1) + 1


def counter(kernel: Sizes) -> np.dtype[Any]:
    """What the numbers of a window's places are held in."""
    return np.dtype(np.uint8 if math.prod(kernel) <= 256 else np.int32)


def positions(
    sizes: Sequence[int],
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool = False,
) -> Sizes:
    """How many windows fit along each axis; not positive where the window is larger than the padded axis.

    ceil_mode: also count a last window that begins within the input or the padding before it, and ends beyond
    """
    out = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        free = n + 2 * p - reach(k, d)
        count = free // s + 1
        if ceil_mode and free % s and count * s < n + p:
            count += 1
        out.append(count)
    return tuple(out)


def sides(
    sizes: Sequence[int], out: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Pads:
    """What to lay before and after each axis so that all of the windows lie within it."""
    return tuple(
        (p, max((m - 1) * s + reach(k, d) - n - p, 0))
        for n, m, k, s, p, d in zip(sizes, out, kernel, stride, padding, dilation, strict=True)
    )


def parts(size: int, count: int) -> list[tuple[int, int]]:
    """Start and end of `count` parts of an axis, as even as they can be; they overlap where they must."""
    k = np.arange(count)  # which fails at once for more than fit into memory
    ends = -(-(k + 1) * size // count)
    return list(zip((k * size // count).tolist(), ends.tolist(), strict=True))
