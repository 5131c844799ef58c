"""Cases of special functions, each with arguments from every branch of its kernel."""

import numpy as np

from tests.engine.ops.case import Case, exactly, integers, normal, uniform


def _case(name, draw, **options):
    return Case((draw,), torch=lambda torch, x: getattr(torch.special, name)(x), **options)


def _limits(name, *values):
    return _case(name, exactly([*values, np.nan]), finite_differences=False)


# both sides of 0.46875, of 4, and of 30
SPREAD = exactly([-35.0, -7.0, -3.1, -0.3, 0.2, 1.7, 4.4, 9.5, 40.0])
NEAR = exactly([-5.5, -3.1, -0.3, 0.2, 0.45, 1.7, 4.4, 5.2])
ARGUMENTS = exactly([-7.4, -2.3, -0.6, 0.1, 0.7, 1.0, 1.5, 2.0, 6.2, 31.0, 1e4])


def _polygamma(torch, x, n):
    return torch.special.polygamma(n, x)


CASES = {
    "erfc": [_case("erfc", NEAR), _limits("erfc", -np.inf, np.inf, 30.0)],
    "erfcx": [_case("erfcx", NEAR), _limits("erfcx", np.inf, 5.0)],
    "erfinv": [
        _case("erfinv", exactly([-0.95, -0.5, 0.0, 0.3, 0.9])),
        # the gradient is as steep as 1 / (1 - |x|)
        _case("erfinv", exactly([-0.999, 0.99999]), finite_differences=False),
        _case("erfinv", exactly([-1.0, 1.0, 1.5]), finite_differences=False),
    ],
    "log_ndtr": [_case("log_ndtr", exactly([-35.0, -7.0, -1.1, 0.2, 4.4])), _limits("log_ndtr", -12.0, 9.0)],
    "ndtri": [
        _case("ndtri", exactly([0.05, 0.2, 0.5, 0.9])),
        _case("ndtri", exactly([0.001, 0.9999]), finite_differences=False),
        _case("ndtri", exactly([0.0, 1.0, -0.5]), finite_differences=False),
    ],
    "entr": [
        _case("entr", uniform(0.1, 3.0, 5)),
        _case("entr", exactly([1.0, np.nan, 2.5]), finite_differences=False),
    ],
    "xlog1py": [
        Case((normal(3, 4), uniform(-0.5, 2.0, 4)), torch=lambda torch, a, b: torch.special.xlog1py(a, b)),
        Case(
            (exactly([0.0, 0.0, 0.0]), exactly([-1.0, 2.0, np.nan])),
            torch=lambda torch, a, b: torch.special.xlog1py(a, b),
            finite_differences=False,
        ),
    ],
    "lgamma": [_case("gammaln", ARGUMENTS), _limits("gammaln", np.inf, 1e300)],
    "digamma": [_case("digamma", ARGUMENTS), _limits("digamma", np.inf)],
    "polygamma": [Case((ARGUMENTS,), (n,), _polygamma) for n in (0, 1)]
    + [Case((exactly([0.3, 0.7, 1.0, 2.5, 11.0, 300.0]),), (n,), _polygamma) for n in (2, 5)],
    "zeta": [
        Case(
            (integers(2, 9, 6), exactly([0.3, 1.0, 2.5, 11.0, 1.5, 40.0])),
            torch=lambda torch, s, q: torch.special.zeta(s, q),
        ),
    ],
    "i0": [_case("i0", SPREAD), _limits("i0", -np.inf, 0.0)],
    "i1": [_case("i1", SPREAD), _case("i1", exactly([0.0, 1e-9]), finite_differences=False)],
    "i0e": [_case("i0e", SPREAD), _limits("i0e", 1e5)],
    "i1e": [_case("i1e", SPREAD), _case("i1e", exactly([0.0, 1e5]), finite_differences=False)],
}
