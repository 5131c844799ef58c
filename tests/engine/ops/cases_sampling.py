"""Cases of padding, resampling and patches."""

from tests.engine.ops.case import Case, integers, normal

# size before, size after, the rule of the op, and the arguments of torch's interpolate
RULES = [
    (5, 8, ("nearest", False, None), {"mode": "nearest"}),
    (7, 3, ("nearest", False, None), {"mode": "nearest"}),
    (7, 3, ("exact", False, None), {"mode": "nearest-exact"}),
    (5, 8, ("linear", False, None), {"mode": "bilinear"}),
    (5, 8, ("linear", True, None), {"mode": "bilinear", "align_corners": True}),
    (7, 1, ("linear", True, None), {"mode": "bilinear", "align_corners": True}),
    (5, 5, ("cubic", False, None), {"mode": "bicubic"}),
    (3, 8, ("cubic", True, None), {"mode": "bicubic", "align_corners": True}),
    (9, 4, ("smooth", False, None), {"mode": "bilinear", "antialias": True}),
    (4, 6, ("smooth_cubic", False, None), {"mode": "bicubic", "antialias": True}),
    (9, 2, ("smooth_cubic", False, None), {"mode": "bicubic", "antialias": True}),
    (7, 3, ("parts", False, None), {"mode": "area"}),
    (3, 5, ("parts", False, None), {"mode": "area"}),
]
GEOMETRIES = [
    ((5, 4), ((2, 3), (1, 1), (0, 0), (1, 1))),
    ((6, 5), ((2, 2), (2, 1), (1, 0), (2, 1))),
]


def _padded(torch, x, widths, value):
    return torch.nn.functional.pad(x, [n for pair in reversed(widths) for n in pair], value=value)


def _resampled(arguments):
    def reference(torch, x, dim, size, rule):
        shape = list(x.shape[1:])
        shape[dim - 1] = size
        return torch.nn.functional.interpolate(x[None], size=shape, **arguments)[0]

    return reference


def _resampled_back(arguments):
    def reference(torch, g, dim, size, rule):
        x = torch.zeros((*g.shape[:dim], size, *g.shape[dim + 1 :]), dtype=g.dtype, requires_grad=True)
        with torch.enable_grad():
            out = _resampled(arguments)(torch, x, dim, g.shape[dim], rule)
            # linear in x: differentiable once more as the adjoint's adjoint
            return torch.autograd.grad(out, x, g, create_graph=True)[0]

    return reference


def _unfolded(torch, x, kernel, stride, padding, dilation):
    return torch.nn.functional.unfold(x, kernel, dilation, padding, stride)


def _folded(torch, columns, shape, kernel, stride, padding, dilation):
    return torch.nn.functional.fold(columns, shape, kernel, dilation, padding, stride)


CASES = {
    "pad": [
        Case((normal(2, 3),), (((0, 0), (1, 2)), 0), _padded),
        Case((normal(2, 3, 1),), (((1, 0), (0, 0), (3, 1)), 1.5), _padded),
        Case((integers(0, 9, 4),), (((2, 1),), 7), _padded),
    ],
    "resample": [
        Case((normal(*[n if k == dim else 3 for k in range(3)]),), (dim, m, rule), _resampled(arguments))
        for n, m, rule, arguments in RULES
        for dim in (1, 2)
    ],
    "resample_grad": [
        Case((normal(2, 3, m),), (2, n, rule), _resampled_back(arguments)) for n, m, rule, arguments in RULES
    ],
    "unfold": [Case((normal(2, 3, *shape),), attrs, _unfolded) for shape, attrs in GEOMETRIES],
    "fold": [
        Case((normal(2, 3 * k[0] * k[1], count),), (shape, k, *rest), _folded)
        for (shape, (k, *rest)), count in zip(GEOMETRIES, (8, 12), strict=True)
    ],
}
