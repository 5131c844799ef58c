"""Cases of norms, of running sums in log space, and of the parts of a number."""

import math

from tests.engine.ops.case import Case, exactly, normal


def _norm(torch, x, p, dim, keepdim):
    return torch.linalg.vector_norm(x, p, dim, keepdim)


def _sum_after(torch, g, x, out, dim):
    # sum over j >= i of g_j exp(x_i - out_j), written out for a matrix and its rows
    later = torch.ones(x.shape[1], x.shape[1], dtype=x.dtype).triu()
    return ((x.unsqueeze(2) - out.unsqueeze(1)).exp() * later * g.unsqueeze(1)).sum(2)


def _sum_before(torch, g, x, out, dim):
    later = torch.ones(x.shape[1], x.shape[1], dtype=x.dtype).triu()
    return ((x.unsqueeze(2) - out.unsqueeze(1)).exp() * later * g.unsqueeze(2)).sum(1)


CASES = {
    "vector_norm": [
        Case((normal(3, 4),), (p, (1,), False), _norm)
        for p in (2.0, 1.0, 3.0, 1.5, 0.5, -1.0, 0.0, math.inf, -math.inf)
    ]
    + [
        Case((normal(3, 4),), (2.0, (0, 1), True), _norm),
        Case((exactly([[0.0, 0.0], [3.0, 4.0]]),), (2.0, (1,), False), _norm, finite_differences=False),
        Case((exactly([3.0, -3.0, 1.0]),), (math.inf, (0,), False), _norm, finite_differences=False),
    ],
    "logcumsumexp": [
        Case((normal(3, 4),), (1,), lambda torch, x, dim: x.logcumsumexp(dim)),
        Case((exactly(2.0),), (0,), lambda torch, x, dim: x.logcumsumexp(dim)),
        Case(
            (exactly([1.0, 900.0, -900.0]),),
            (0,),
            lambda torch, x, dim: x.logcumsumexp(dim),
            finite_differences=False,
        ),
    ],
    "logcumsumexp_grad": [Case((normal(2, 4), normal(2, 4), normal(2, 4)), (1,), _sum_after)],
    "logcumsumexp_sum": [Case((normal(2, 4), normal(2, 4), normal(2, 4)), (1,), _sum_before)],
    "frexp": [Case((exactly([1.3, -3.1, 0.1, 700.5]),), (), lambda torch, x: tuple(torch.frexp(x)))],
}
