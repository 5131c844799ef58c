"""Cases of convolutions and of their gradients."""

from typing import Any

from tests.engine.ops.case import Case, normal

# input channels, filters, spatial axes, kernel, then the attributes: stride, padding, dilation, groups
GEOMETRIES: list[Any] = [
    (3, 4, (7,), (3,), (1,), (0,), (1,), 1),
    (4, 6, (9,), (3,), (2,), (1,), (2,), 2),
    (2, 3, (6, 5), (3, 2), (1, 1), (1, 0), (1, 1), 1),
    # the stride leaves the last row out
    (2, 4, (6, 7), (3, 3), (2, 2), (0, 1), (1, 1), 1),
    (3, 2, (4, 5), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (3, 6, (5, 5), (3, 3), (1, 1), (1, 1), (1, 1), 3),
    # more padding than the kernel reaches
    (1, 9, (4, 4), (2, 2), (1, 1), (2, 2), (1, 1), 1),
    (2, 2, (4, 3, 5), (2, 1, 3), (1, 2, 1), (1, 0, 1), (2, 1, 1), 1),
]


def _conv(torch, x, weight, bias, *attrs):
    return getattr(torch, f"conv{x.ndim - 2}d")(x, weight, bias, *attrs)


def _no_bias(torch, x, weight, *attrs):
    return _conv(torch, x, weight, None, *attrs)


def _results(sizes, kernel, stride, padding, dilation, groups):
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True)
    )


def _input_grad(torch, g, weight, shape, stride, padding, dilation, groups):
    given = _results(shape, weight.shape[2:], stride, padding, dilation, groups)
    extra = [
        size - ((m - 1) * s - 2 * p + d * (k - 1) + 1)
        for size, m, k, s, p, d in zip(shape, given, weight.shape[2:], stride, padding, dilation, strict=True)
    ]
    return getattr(torch, f"conv_transpose{len(shape)}d")(
        g, weight, None, stride, padding, extra, groups, dilation
    )


def _weight_grad(torch, x, g, kernel, stride, padding, dilation, groups):
    # a graph of its own, differentiable once more
    weight = torch.zeros((g.shape[1], x.shape[1] // groups, *kernel), dtype=x.dtype, requires_grad=True)
    with torch.enable_grad():
        out = _no_bias(torch, x, weight, stride, padding, dilation, groups)
        return torch.autograd.grad(out, weight, g, create_graph=True)[0]


CASES = {
    "conv": [
        Case((normal(2, c, *s), normal(o, c // a[-1], *k), normal(o)), tuple(a), _conv)
        for c, o, s, k, *a in GEOMETRIES
    ],
    "conv_no_bias": [
        Case((normal(2, c, *s), normal(o, c // a[-1], *k)), tuple(a), _no_bias)
        for c, o, s, k, *a in GEOMETRIES
    ],
    "conv_input_grad": [
        Case((normal(2, o, *_results(s, k, *a)), normal(o, c // a[-1], *k)), (s, *a), _input_grad)
        for c, o, s, k, *a in GEOMETRIES
    ],
    "conv_weight_grad": [
        Case((normal(2, c, *s), normal(2, o, *_results(s, k, *a))), (k, *a), _weight_grad)
        for c, o, s, k, *a in GEOMETRIES
    ],
}
