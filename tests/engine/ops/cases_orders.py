"""Cases of sorting, accumulating and placing along one axis, and of diagonals."""

import numpy as np

from tests.engine.ops.case import Case, exactly, integers, normal

WITH_ZEROS = exactly([[2.0, 0.0, 3.0], [0.0, 1.0, 0.0], [1.5, -2.0, 0.5]])


def _prod(torch, x, dim, keepdim):
    return x.prod(dim, keepdim)


def _so_far(name):
    return [
        Case((normal(3, 4),), (1,), lambda torch, x, dim: tuple(getattr(torch, name)(x, dim))),
        Case((exactly(2.0),), (0,), lambda torch, x, dim: tuple(getattr(torch, name)(x, dim))),
        Case(
            (exactly([1.0, 3.0, 3.0, np.nan, 2.0]),),
            (0,),
            lambda torch, x, dim: tuple(getattr(torch, name)(x, dim)),
            finite_differences=False,
        ),
    ]


def _diagonal(torch, x, offset, dim1, dim2):
    return x.diagonal(offset, dim1, dim2)


def _spread(torch, x, shape, offset, dim1, dim2):
    return torch.diagonal_scatter(torch.zeros(shape, dtype=x.dtype), x, offset, dim1, dim2)


def _topk(torch, x, k, dim, largest):
    return tuple(x.topk(k, dim, largest))


def _scan(torch, b, a, dim):
    rows = [b.select(dim, 0)]
    for k in range(1, b.shape[dim]):
        rows.append(b.select(dim, k) + a.select(dim, k) * rows[-1])
    return torch.stack(rows, dim)


CASES = {
    "prod": [
        Case((normal(3, 4),), (1, False), _prod),
        Case((WITH_ZEROS,), (1, True), _prod),
        Case((exactly(2.0),), (0, False), _prod),
        Case((integers(1, 4, 3),), (0, False), _prod),
    ],
    "cumprod": [
        Case((normal(3, 4),), (1,), lambda torch, x, dim: x.cumprod(dim)),
        Case((WITH_ZEROS,), (0,), lambda torch, x, dim: x.cumprod(dim)),
        Case((exactly(2.0),), (0,), lambda torch, x, dim: x.cumprod(dim)),
    ],
    "linear_scan": [Case((normal(3, 5), normal(3, 5)), (dim,), _scan) for dim in (0, 1)],
    "topk": [Case((normal(3, 40),), (4, 1, largest), _topk) for largest in (True, False)]
    + [
        Case((normal(20, 2),), (3, 0, True), _topk),
        Case((normal(4),), (3, 0, True), _topk),
        Case((exactly(2.0),), (1, 0, True), _topk),
        Case((exactly([1.0, np.nan, *range(30)]),), (2, 0, True), _topk, finite_differences=False),
    ],
    "sort": [
        Case((normal(3, 4),), (1, False), lambda torch, x, dim, d: tuple(x.sort(dim=dim, descending=d))),
        Case((normal(3, 4),), (0, True), lambda torch, x, dim, d: tuple(x.sort(dim=dim, descending=d))),
        Case(
            (exactly([1.0, 2.0, 1.0, np.nan, 2.0]),),
            (0, True),
            lambda torch, x, dim, d: tuple(x.sort(stable=True, dim=dim, descending=d)),
            finite_differences=False,
        ),
        Case((exactly(2.0),), (0, False), lambda torch, x, dim, d: tuple(x.sort(dim=dim, descending=d))),
    ],
    "cummax": _so_far("cummax"),
    "cummin": _so_far("cummin"),
    "diagonal": [
        Case((normal(3, 4),), (0, 0, 1), _diagonal),
        Case((normal(2, 3, 4),), (-1, 2, 0), _diagonal),
        Case((normal(2, 3),), (2, 0, 1), _diagonal),
    ],
    "diagonal_grad": [
        Case((normal(3),), ((3, 4), 1, 0, 1), _spread),
        Case((normal(3, 2),), ((2, 3, 4), 0, 0, 2), _spread),
    ],
    "scatter": [
        Case(
            (normal(3, 4), exactly([[2, 0, 1], [0, 2, 2]]), normal(2, 3)),
            (0,),
            lambda torch, x, index, source, dim: x.scatter(dim, index, source),
        ),
    ],
}
