"""Special functions: the families of the error and gamma functions, and modified Bessel functions."""

import math
from typing import Any

from engine.errors import NotDifferentiable
from engine.ops.op import Op
from engine.ops.table import op

_TWO_BY_ROOT_PI = 2 / math.sqrt(math.pi)
_ROOT_TWO_PI = math.sqrt(2 * math.pi)

ERFC = op("erfc", vjp=(lambda g, x: g * (x * x * -1).exp() * -_TWO_BY_ROOT_PI,))
# exp(x^2) erfc(x)
ERFCX: Op = op("erfcx", vjp=(lambda g, x, out: g * (x * out * 2 - _TWO_BY_ROOT_PI),))
ERFINV = op("erfinv", vjp=(lambda g, out: g * (out * out).exp() / _TWO_BY_ROOT_PI,))
# log of the normal distribution function, and the function's inverse
LOG_NDTR = op(
    "log_ndtr", vjp=(lambda g, x: g / ERFCX(x * -math.sqrt(0.5)) * (_TWO_BY_ROOT_PI * math.sqrt(0.5)),)
)
NDTRI = op("ndtri", vjp=(lambda g, out: g * (out * out / 2).exp() * _ROOT_TWO_PI,))
# -x log x; 0 at 0, -inf below
ENTR = op("entr", vjp=(lambda g, x: -g * (x.log() + 1),))
# a log(1 + b), and 0 where a is 0
XLOG1PY = op(
    "xlog1py",
    "a b",
    broadcasts=True,
    vjp=(
        lambda g, a, b: (g * b.log1p()).masked_fill((a == 0).logical_and(b <= -1), 0.0),
        lambda g, a, b: g * a / (b + 1),
    ),
)
LGAMMA = op("lgamma", vjp=(lambda g, x: g * DIGAMMA(x),))
DIGAMMA: Op = op("digamma", vjp=(lambda g, x: g * POLYGAMMA(x, 1),))
# the n-th derivative of digamma
POLYGAMMA: Op = op("polygamma", "x", "n", vjp=(lambda g, x, n: g * POLYGAMMA(x, n + 1),))


def _no_gradient(g: Any) -> Any:
    raise NotDifferentiable("zeta has no gradient by its first argument; detach it")


# Hurwitz' zeta function, the sum of (k + q)^-s
ZETA: Op = op("zeta", "s q", broadcasts=True, vjp=(_no_gradient, lambda g, s, q: -g * s * ZETA(s + 1, q)))

# modified Bessel functions of orders 0 and 1, and the same times exp(-|x|)
I0 = op("i0", vjp=(lambda g, x: g * I1(x),))
I1: Op = op("i1", vjp=(lambda g, x, out: g * (I0(x) - _by_x(out, x)),))
I0E = op("i0e", vjp=(lambda g, x, out: g * (I1E(x) - x.sign() * out),))
I1E: Op = op("i1e", vjp=(lambda g, x, out: g * (I0E(x) - x.sign() * out - _by_x(out, x)),))


def _by_x(out: Any, x: Any) -> Any:
    """I1(x) / x, which is 1/2 at 0."""
    zero = x == 0
    return (out / x.masked_fill(zero, 1.0)).masked_fill(zero, 0.5)
