"""Cases of pools and of their gradients."""

import math
from typing import Any

import numpy as np

from tests.engine.ops.case import Case, exactly, integers, normal, uniform

# spatial axes, then the attributes: kernel, stride, padding, dilation, ceil_mode
MAX: list[Any] = [
    ((7,), (3,), (2,), (1,), (1,), False),
    ((6, 5), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((6, 7), (3, 2), (2, 3), (1, 0), (1, 2), True),
    # windows that overlap
    ((5, 5), (3, 3), (1, 1), (1, 1), (1, 1), False),
    ((3, 4, 5), (2, 1, 3), (1, 1, 2), (0, 0, 1), (1, 1, 1), False),
]
TIES = exactly([[[[1.0, 1.0, 2.0], [2.0, 1.0, 2.0], [np.nan, 0.0, np.nan]]]])
LOWEST = exactly(np.full((1, 1, 3, 4), -np.inf))
SPECIAL = [Case((draw,), ((2, 2), (1, 1), (1, 1), (1, 1), False)) for draw in (TIES, LOWEST)]
# spatial axes, kernel, stride, padding, ceil_mode, whether padding counts, divisor
AVG: list[Any] = [
    ((7,), (3,), (2,), (1,), False, True, None),
    ((6, 5), (2, 2), (2, 2), (0, 0), False, True, None),
    ((6, 7), (3, 2), (2, 3), (1, 1), True, False, None),
    ((6, 7), (4, 3), (2, 3), (2, 1), True, True, None),
    ((5, 5), (3, 3), (1, 1), (1, 1), False, False, 5),
    ((3, 4, 5), (2, 1, 3), (1, 1, 2), (0, 0, 1), False, True, None),
]


def _max(torch, x, kernel, stride, padding, dilation, ceil_mode):
    out, indices = getattr(torch.nn.functional, f"max_pool{x.ndim - 2}d")(
        x, kernel, stride, padding, dilation, ceil_mode, return_indices=True
    )
    # the number of each index's place in its window, by rows
    numbers, sizes = torch.zeros_like(indices), x.shape[2:]
    for axis, (k, s, p, d) in enumerate(zip(kernel, stride, padding, dilation, strict=True)):
        along = indices // math.prod(sizes[axis + 1 :]) % sizes[axis]
        starts = torch.arange(out.shape[2 + axis]) * s - p
        starts = starts.reshape(-1, *[1] * (x.ndim - 3 - axis))
        numbers = numbers * k + (along - starts) // d
    return out, numbers.to(torch.uint8 if math.prod(kernel) <= 256 else torch.int32)


def _max_indices(torch, places, shape, kernel, stride, padding, dilation):
    found, rest = torch.zeros(places.shape, dtype=torch.int64), places.long()
    for axis in reversed(range(len(shape))):
        starts = torch.arange(places.shape[2 + axis]) * stride[axis] - padding[axis]
        starts = starts.reshape(-1, *[1] * (len(shape) - 1 - axis))
        along = starts + rest % kernel[axis] * dilation[axis]
        rest = rest // kernel[axis]
        found = found + along * math.prod(shape[axis + 1 :])
    return found


def _max_grad(torch, g, places, shape, *windows):
    # linear in g: where each of its elements goes is fixed
    indices = _max_indices(torch, places, shape, *windows)
    flat = torch.zeros((*g.shape[:2], math.prod(shape)), dtype=g.dtype)
    return flat.scatter_add(2, indices.flatten(2), g.flatten(2)).reshape(*g.shape[:2], *shape)


def _avg(torch, x, kernel, stride, padding, ceil_mode, include, divisor):
    if len(kernel) == 1:
        return torch.nn.functional.avg_pool1d(x, kernel, stride, padding, ceil_mode, include)
    call = getattr(torch.nn.functional, f"avg_pool{len(kernel)}d")
    return call(x, kernel, stride, padding, ceil_mode, include, divisor)


def _avg_grad(torch, g, shape, *attrs):
    x = torch.zeros((*g.shape[:2], *shape), dtype=g.dtype, requires_grad=True)
    with torch.enable_grad():
        return torch.autograd.grad(_avg(torch, x, *attrs), x, g, create_graph=True)[0]


def _results(sizes, kernel, stride, padding, dilation, ceil_mode):
    counts = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        free = n + 2 * p - d * (k - 1) - 1
        starts = [q * s for q in range(free // s + 1 + ceil_mode) if q * s <= free or q * s < n + p]
        counts.append(len(starts))
    return tuple(counts)


def _places(sizes, kernel, stride, padding, dilation, ceil_mode):
    """Any places that lie inside."""
    counts = _results(sizes, kernel, stride, padding, dilation, ceil_mode)

    def draw(rng):
        numbers = np.zeros((2, 3, *counts), np.int64)
        for axis, (n, count) in enumerate(zip(sizes, counts, strict=True)):
            starts = (np.arange(count) * stride[axis] - padding[axis]).reshape(
                -1, *[1] * (len(sizes) - 1 - axis)
            )
            places = starts[..., None] + np.arange(kernel[axis]) * dilation[axis]
            score = rng.random((2, 3, *counts, kernel[axis])) * ((places >= 0) & (places < n))
            numbers = numbers * kernel[axis] + score.argmax(-1)
        return numbers.astype(np.uint8)

    return draw


def _adaptive(torch, x, size):
    call = getattr(torch.nn.functional, f"adaptive_max_pool{len(size)}d")
    return call(x, size, return_indices=True)[1]


def _fractional(torch, x, samples, kernel, size):
    call = getattr(torch.nn.functional, f"fractional_max_pool{len(size)}d")
    return call(x, kernel, size, _random_samples=samples, return_indices=True)[1]


CASES = {
    "max_pool": [
        *[Case((normal(2, 3, *s),), tuple(a), _max) for s, *a in MAX],
        *[Case(case.inputs, case.attrs, _max, finite_differences=False) for case in SPECIAL],
        Case((integers(0, 9, 1, 2, 4, 4),), MAX[1][1:], _max),
    ],
    "max_pool_grad": [
        Case((normal(2, 3, *_results(s, *a)), _places(s, *a)), (s, *a[:4]), _max_grad) for s, *a in MAX
    ],
    "max_pool_indices": [Case((_places(s, *a),), (s, *a[:4]), _max_indices) for s, *a in MAX],
    "adaptive_max_pool_indices": [
        Case((normal(2, 3, 7),), ((3,),), _adaptive),
        Case((normal(2, 3, 5, 6),), ((7, 2),), _adaptive),
        Case((normal(1, 2, 5, 4, 3),), ((2, 3, 1),), _adaptive),
    ],
    "fractional_max_pool_indices": [
        Case((normal(2, 3, 7, 9), uniform(0, 1, 2, 3, 2)), ((2, 3), (4, 5)), _fractional),
        Case((normal(1, 2, 5, 7, 6), uniform(0, 1, 1, 2, 3)), ((2, 2, 1), (3, 1, 4)), _fractional),
    ],
    "avg_pool": [
        *[Case((normal(2, 3, *s),), tuple(a), _avg) for s, *a in AVG],
    ],
    "avg_pool_grad": [
        Case((normal(2, 3, *_results(s, a[0], a[1], a[2], (1,) * len(s), a[3])),), (s, *a), _avg_grad)
        for s, *a in AVG
    ],
}
