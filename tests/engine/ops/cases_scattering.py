"""Cases of scattering with a reduction, of views by strides, and of searching and counting."""

import numpy as np

from tests.engine.ops.case import Case, exactly, normal, uniform

INDEX = exactly([[0, 2, 0, 1], [2, 0, 0, 1]])
# each row of the source hits some places twice, and the zeros are lone and shared
FACTORS = exactly([[2.0, 0.0, 3.0, 0.0], [1.5, 0.0, -1.0, 2.0]])


def _reduced(torch, x, index, source, dim, reduce):
    return x.scatter_reduce(dim, index, source, reduce)


def _strided(torch, x, size, stride, offset):
    return x.as_strided(size, stride, offset)


def _spread(torch, x, shape, size, stride, offset):
    # the gradient of the view, which PyTorch doesn't show otherwise
    base = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(base.as_strided(size, stride, offset), base, x, create_graph=True)[0]


def _windows(torch, x, dim, size, step):
    return x.unfold(dim, size, step)


def _windows_spread(torch, x, shape, dim, size, step):
    base = torch.zeros(shape, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(base.unfold(dim, size, step), base, x, create_graph=True)[0]


CASES = {
    "scatter_reduce": [
        Case((normal(3, 4), INDEX, normal(2, 4)), (0, reduce), _reduced)
        for reduce in ("amax", "amin", "prod")
    ]
    + [
        Case((normal(2, 5), INDEX, normal(2, 4)), (1, "prod"), _reduced),
        Case((normal(3, 4), INDEX, FACTORS), (0, "prod"), _reduced, finite_differences=False),
        Case(
            (exactly([1.0, 1.0]), exactly([0, 0, 1]), exactly([1.0, 1.0, 1.0])),
            (0, "amax"),
            _reduced,
            finite_differences=False,  # at a tie
        ),
    ],
    "as_strided": [
        Case((normal(3, 4),), ((2, 3), (4, 1), 1), _strided),
        Case((normal(6),), ((3, 2, 2), (1, 1, 2), 0), _strided),
        Case((normal(6),), ((), (), 2), _strided),
    ],
    "as_strided_grad": [
        Case((normal(2, 3),), ((3, 4), (2, 3), (4, 1), 1), _spread),
        Case((normal(3, 2, 2),), ((6,), (3, 2, 2), (1, 1, 2), 0), _spread),
    ],
    "windows": [
        Case((normal(2, 7, 2),), (1, 3, 2), _windows),
        Case((normal(5),), (0, 2, 1), _windows),
    ],
    "windows_grad": [
        Case((normal(2, 3, 2, 3),), ((2, 7, 2), 1, 3, 2), _windows_spread),
        Case((normal(4, 2),), ((5,), 0, 2, 1), _windows_spread),
    ],
    "searchsorted": [
        Case(
            (exactly([1.0, 2.0, 2.0, 5.0]), exactly([[0.0, 2.0], [5.0, np.nan]])),
            (right,),
            lambda torch, a, v, right: torch.searchsorted(a, v, right=right),
        )
        for right in (False, True)
    ]
    + [
        Case(
            (exactly([[1.0, 2.0], [3.0, 4.0]]), uniform(0, 5, 2, 3)),
            (False,),
            lambda torch, a, v, right: torch.searchsorted(a, v),
        )
    ],
    "unique": [
        Case(
            (exactly([[3, 1], [2, 1]]),),
            (None,),
            lambda torch, x, dim: torch.unique(x, return_inverse=True, return_counts=True),
        ),
        Case(
            (exactly([[3, 1], [2, 1], [3, 1]]),),
            (0,),
            lambda torch, x, dim: torch.unique(x, return_inverse=True, return_counts=True, dim=dim),
        ),
    ],
}
