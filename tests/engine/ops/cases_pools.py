"""Cases of pools and of their gradients."""

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


def _max(torch, x, *attrs):
    return getattr(torch.nn.functional, f"max_pool{x.ndim - 2}d")(x, *attrs)


def _max_indices(torch, x, *attrs):
    return getattr(torch.nn.functional, f"max_pool{x.ndim - 2}d")(x, *attrs, return_indices=True)[1]


def _max_grad(torch, g, x, *attrs):
    # linear in g: where each of its elements goes is fixed by x
    indices = _max_indices(torch, x.detach(), *attrs)
    flat = torch.zeros((*x.shape[:2], x[0, 0].numel()), dtype=x.dtype)
    return flat.scatter_add(2, indices.flatten(2), g.flatten(2)).reshape(x.shape)


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
        Case((normal(2, 3, *_results(s, *a)), normal(2, 3, *s)), tuple(a), _max_grad) for s, *a in MAX
    ],
    "max_pool_indices": [
        *[Case((normal(2, 3, *s),), tuple(a), _max_indices) for s, *a in MAX],
        *[Case(case.inputs, case.attrs, _max_indices) for case in SPECIAL],
    ],
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
