"""Special functions of each element. `engine.special` shows them under SciPy's and PyTorch's other names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.autograd.tape import Variable, binary, unary
from engine.dtypes import FLOAT, get_default_dtype
from engine.errors import DTypeError, ShapeError
from engine.ops import special as ops
from engine.tensor.creation import arange
from engine.tensor.promotion import Operand, floating, pair, result_type
from engine.tensor.shapes import unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "digamma",
    "erfc",
    "erfinv",
    "i0",
    "lgamma",
    "mvlgamma",
    "polygamma",
]


def erfc(input: Tensor) -> Tensor:
    """1 - erf(input), exact where that would cancel."""
    return unary(ops.ERFC, floating(input))


def erfinv(input: Tensor) -> Tensor:
    """The inverse of erf, on [-1, 1]."""
    return unary(ops.ERFINV, floating(input))


def erfcx(input: Tensor) -> Tensor:
    """exp(input^2) erfc(input)"""
    return unary(ops.ERFCX, floating(input))


def ndtr(input: Tensor) -> Tensor:
    """The distribution function of the standard normal distribution."""
    return erfc(floating(input) * -math.sqrt(0.5)) * 0.5


def log_ndtr(input: Tensor) -> Tensor:
    """log(ndtr(input)), exact far below 0."""
    return unary(ops.LOG_NDTR, floating(input))


def ndtri(input: Tensor) -> Tensor:
    """The inverse of ndtr, on [0, 1]."""
    return unary(ops.NDTRI, floating(input))


def entr(input: Tensor) -> Tensor:
    """-input log(input); 0 at 0, -inf below."""
    return unary(ops.ENTR, floating(input))


def lgamma(input: Tensor) -> Tensor:
    """log |Gamma(input)|"""
    return unary(ops.LGAMMA, floating(input))


def digamma(input: Tensor) -> Tensor:
    """The derivative of lgamma."""
    return unary(ops.DIGAMMA, floating(input))


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of digamma."""
    if n < 0:
        raise ShapeError(f"polygamma: n must not be negative, and is {n}")
    return unary(ops.POLYGAMMA, floating(input), (n,))


def mvlgamma(input: Tensor, p: int) -> Tensor:
    """log of the multivariate gamma function of dimension p, for input > (p - 1) / 2."""
    if p < 1:
        raise ShapeError(f"mvlgamma: p must be at least 1, and is {p}")
    x = floating(input)
    shifted = unsqueeze(x, -1) - arange(p, dtype=x.dtype, device=x.device) / 2
    return lgamma(shifted).sum(-1) + p * (p - 1) / 4 * math.log(math.pi)


def i0(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind of order 0."""
    return unary(ops.I0, floating(input))


def i0e(input: Tensor) -> Tensor:
    """exp(-|input|) i0(input)"""
    return unary(ops.I0E, floating(input))


def i1(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind of order 1."""
    return unary(ops.I1, floating(input))


def i1e(input: Tensor) -> Tensor:
    """exp(-|input|) i1(input)"""
    return unary(ops.I1E, floating(input))


def _floating_pair(a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    dtype = result_type(a, b)
    if dtype.is_complex:
        raise DTypeError(f"this isn't defined for {dtype}; take abs(), .real or .imag")
    return pair(a, b, dtype if dtype.category == FLOAT else get_default_dtype())


def xlog1py(input: Operand, other: Operand) -> Tensor:
    """input * log(1 + other), and 0 where input is 0 and other isn't NaN."""
    if not isinstance(input, Variable) and not isinstance(other, Variable):
        raise DTypeError("xlog1py: one of the two must be a tensor")
    return binary(ops.XLOG1PY, *_floating_pair(input, other))


def zeta(input: Operand, other: Operand) -> Tensor:
    """Hurwitz' zeta function: the sum of (k + other)^-input over k >= 0. Differentiable by other only."""
    return binary(ops.ZETA, *_floating_pair(input, other))
