"""Pooling kernels: x [N, C, *S], result [N, C, *P].

A window's maximum and sum are taken one axis after the other. A few images are done at a time, so that what
is read again is still in the cache.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.convolutions import padded, taps
from engine.backends.registry import Kernel
from engine.backends.windows import Sizes, counter, parts, positions, reach, sides

Array = npt.NDArray[Any]
Ufunc = Any

# bytes of the images of one block
BLOCK = 1 << 20


def _blocks(x: Array) -> Iterator[slice]:
    """Slices of the batch axis."""
    image_bytes = math.prod(x.shape[1:]) * x.itemsize
    count = max(BLOCK // max(image_bytes, 1), 1)
    for start in range(0, len(x), count):
        yield slice(start, start + count)


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _joined(x: Array, ufunc: Ufunc, kernel: Sizes, stride: Sizes, dilation: Sizes, out: Sizes) -> Array:
    """ufunc over the elements of each window of a padded x, axis by axis."""
    for k, (size, step, spread, count) in enumerate(zip(kernel, stride, dilation, out, strict=True)):
        lead = (slice(None),) * (2 + k)
        pieces = [x[(*lead, *place)] for _, place in taps((size,), (step,), (spread,), (count,))]
        x = pieces[0].copy() if size == 1 else ufunc(pieces[0], pieces[1])
        for piece in pieces[2:]:
            ufunc(x, piece, out=x)
    return x


def max_pool(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> tuple[Array, Array]:
    space = _positions(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    out = np.empty((*x.shape[:2], *space), x.dtype)
    places = np.empty(out.shape, counter(kernel))
    for images in _blocks(x):
        out[images], places[images] = _chosen(x[images], kernel, stride, padding, dilation, space)
    return out, places


def _positions(
    shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Sizes:
    space = positions(shape, kernel, stride, padding, dilation, ceil_mode)
    if min(space) < 1:
        raise ValueError("the window is larger than the input")
    return space


def _chosen(
    x: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, space: Sizes
) -> tuple[Array, Array]:
    """The largest element of each window, and the number of its place, by rows.

    Of equal elements the first, of several NaN the last, as in PyTorch.
    """
    pads = sides(x.shape[2:], space, kernel, stride, padding, dilation)
    low = _lowest(x.dtype)
    whole = padded(x, pads, low)
    pieces = [whole[:, :, *place] for _, place in taps(kernel, stride, dilation, space)]
    best = pieces[0].copy()
    dtype = counter(kernel)
    chosen = np.zeros(best.shape, dtype)
    larger = np.empty(best.shape, np.bool_)
    number = np.empty(best.shape, dtype)
    near = np.empty_like(best)
    for k, piece in enumerate(pieces[1:], 1):
        # it is read twice, the elements of a piece lying apart in memory
        np.copyto(near, piece)
        # numbers grow, so the largest of those that won is the last that did
        np.greater(near, best, out=larger)
        np.multiply(larger, k, out=number, dtype=dtype)
        np.maximum(chosen, number, out=chosen)
        np.maximum(best, near, out=best)
    if x.dtype.kind == "f" and np.isnan(best).any():
        for k, piece in enumerate(pieces):
            np.copyto(chosen, dtype.type(k), where=np.isnan(piece))
    if pads and (best == low).any():
        # nothing was larger than the padding: the first place that isn't padding
        first: Array = np.zeros((), np.int64)
        for size, step, before, spread, count in zip(kernel, stride, padding, dilation, space, strict=True):
            starts = np.arange(count) * step - before
            first = first[..., None] * size + np.maximum(-(starts // spread), 0)
        np.copyto(chosen, np.broadcast_to(first, best.shape).astype(dtype), where=best == low)
    return best, chosen


def max_pool_grad(
    g: Array,
    places: Array,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> Array:
    space = g.shape[2:]
    pads = sides(shape, space, kernel, stride, padding, dilation)
    full = tuple(a + n + b for (a, b), n in zip(pads, shape, strict=True))
    inner = tuple(slice(a, a + n) for (a, _), n in zip(pads, shape, strict=True))
    apart = all(s >= reach(k, d) for k, s, d in zip(kernel, stride, dilation, strict=True))
    out = np.empty((*g.shape[:2], *shape), g.dtype)
    for images in _blocks(out):
        chosen = places[images]
        given = g[images]
        total = np.zeros((*chosen.shape[:2], *full), g.dtype)
        here = np.empty(chosen.shape, np.bool_)
        part = np.empty(chosen.shape, g.dtype)
        for k, (_, place) in enumerate(taps(kernel, stride, dilation, space)):
            np.equal(chosen, k, out=here)
            if apart:
                np.multiply(given, here, out=total[:, :, *place])
            else:
                np.multiply(given, here, out=part)
                total[:, :, *place] += part
        out[images] = total[:, :, *inner]
    return out


def max_pool_indices(
    places: Array, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Array:
    # where each window begins, and what each of its places adds to that, in S as one axis
    starts: Array = np.zeros((), np.int64)
    further: Array = np.zeros((), np.int64)
    for n, size, step, before, spread, count in zip(
        shape, kernel, stride, padding, dilation, places.shape[2:], strict=True
    ):
        starts = starts[..., None] * n + np.arange(count) * step - before
        further = further[..., None] * n + np.arange(size) * spread
    found: Array = further.reshape(-1)[places] + starts
    return found


def adaptive_max_pool_indices(x: Array, size: Sizes) -> Array:
    tables = []
    for n, count in zip(x.shape[2:], size, strict=True):
        ranges = parts(n, count)
        longest = max(end - start for start, end in ranges)
        # shorter parts name their last element again
        table = [[min(start + k, end - 1) for k in range(longest)] for start, end in ranges]
        tables.append(np.array(table).reshape(1, 1, count, longest))
    return _largest(x, tables)


def fractional_max_pool_indices(x: Array, samples: Array, kernel: Sizes, size: Sizes) -> Array:
    tables = []
    # PyTorch takes a plane's first number for W, and a volume's first for D
    order = (1, 0) if len(size) == 2 else range(len(size))
    for at, n, k, count in zip(order, x.shape[2:], kernel, size, strict=True):
        sample = samples[:, :, at, None]
        step = x.dtype.type(n - k) / x.dtype.type(max(count - 1, 1))
        starts = ((np.arange(count) + sample) * step).astype(np.int64) - (sample * step).astype(np.int64)
        starts[:, :, -1] = n - k
        tables.append(starts[..., None] + np.arange(k))
    return _largest(x, tables)


def _largest(x: Array, tables: list[Array]) -> Array:
    """Where the largest element of each window is, S counted as one axis.

    tables: for each axis [N, C, P, K], or 1 for N and C: the elements of the windows
    """
    axes = len(tables)
    if x.size == 0:
        return np.zeros((*x.shape[:2], *[table.shape[2] for table in tables]), np.int64)
    flat: Array = np.zeros((1,) * (2 + 2 * axes), np.int64)
    for k, (n, table) in enumerate(zip(x.shape[2:], tables, strict=True)):
        shape = [*table.shape[:2], *[1] * (2 * axes)]
        shape[2 + k], shape[2 + axes + k] = table.shape[2:]
        flat = flat * n + table.reshape(shape)
    flat = flat.reshape(*flat.shape[: 2 + axes], -1)
    rows = flat.reshape(*flat.shape[:2], -1)
    rows = np.broadcast_to(rows, (*x.shape[:2], rows.shape[-1]))
    seen = np.take_along_axis(x.reshape(*x.shape[:2], -1), rows, -1)
    seen = seen.reshape(*x.shape[:2], *flat.shape[2:])
    chosen = np.argmax(seen, axis=-1)
    return np.take_along_axis(np.broadcast_to(flat, seen.shape), chosen[..., None], -1)[..., 0]


def _divisors(shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, include: bool, out: Sizes) -> Array:
    """How many elements each window has: [*P]."""
    counts: Array = np.ones((), np.int64)
    for n, k, s, p, m in zip(shape, kernel, stride, padding, out, strict=True):
        starts = np.arange(m) * s - p
        if include:
            counts = counts[..., None] * (np.minimum(starts + k, n + p) - starts)
        else:
            counts = counts[..., None] * (np.minimum(starts + k, n) - np.maximum(starts, 0))
    return counts


def avg_pool(
    x: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    include: bool,
    divisor: int | None,
) -> Array:
    near = (1,) * len(kernel)
    space = _positions(x.shape[2:], kernel, stride, padding, near, ceil_mode)
    pads = sides(x.shape[2:], space, kernel, stride, padding, near)
    counts = divisor or _divisors(x.shape[2:], kernel, stride, padding, include, space)
    divisors = np.asarray(counts, x.dtype)
    out = np.empty((*x.shape[:2], *space), x.dtype)
    for images in _blocks(x):
        sums = _joined(padded(x[images], pads), np.add, kernel, stride, near, space)
        np.divide(sums, divisors, out=out[images])
    return out


def avg_pool_grad(
    g: Array,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    include: bool,
    divisor: int | None,
) -> Array:
    near = (1,) * len(kernel)
    space = _positions(shape, kernel, stride, padding, near, ceil_mode)
    pads = sides(shape, space, kernel, stride, padding, near)
    counts = divisor or _divisors(shape, kernel, stride, padding, include, space)
    divisors = np.asarray(counts, g.dtype)
    inner = tuple(slice(a, a + n) for (a, _), n in zip(pads, shape, strict=True))
    out = np.empty((*g.shape[:2], *shape), g.dtype)
    for images in _blocks(out):
        part = g[images] / divisors
        for k in reversed(range(len(kernel))):
            before, after = pads[k]
            full = np.zeros((*part.shape[: 2 + k], before + shape[k] + after, *part.shape[3 + k :]), g.dtype)
            for _, place in taps(kernel[k : k + 1], stride[k : k + 1], (1,), space[k : k + 1]):
                full[(*[slice(None)] * (2 + k), *place)] += part
            part = full
        out[images] = part[:, :, *inner]
    return out


KERNELS: dict[str, Kernel] = {
    "max_pool": max_pool,
    "max_pool_grad": max_pool_grad,
    "max_pool_indices": max_pool_indices,
    "adaptive_max_pool_indices": adaptive_max_pool_indices,
    "fractional_max_pool_indices": fractional_max_pool_indices,
    "avg_pool": avg_pool,
    "avg_pool_grad": avg_pool_grad,
}
