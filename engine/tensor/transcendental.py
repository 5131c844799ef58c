"""More element-wise functions: inverse and hyperbolic ones, remainders, bits, and compositions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from engine.autograd.tape import Variable, apply_several, binary, unary
from engine.dtypes import FLOAT, FLOATING_KINDS, complex128, finfo, float64, get_default_dtype
from engine.errors import DTypeError
from engine.ops import transcendental as ops
from engine.ops.op import Op
from engine.ops.scans import FREXP
from engine.tensor.arithmetic import div, mul, pow, rsub, sign, trunc, where
from engine.tensor.promotion import (
    Number,
    Operand,
    arithmetic_pair,
    cast,
    floating,
    inexact,
    pair,
    require_floating,
    require_ordered,
    result_type,
)

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "acos",
    "acosh",
    "addcdiv",
    "addcmul",
    "angle",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "copysign",
    "cosh",
    "deg2rad",
    "exp2",
    "float_power",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "frexp",
    "gcd",
    "heaviside",
    "hypot",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "ldexp",
    "lerp",
    "logaddexp",
    "logaddexp2",
    "logit",
    "nan_to_num",
    "nextafter",
    "positive",
    "rad2deg",
    "rsub",
    "sgn",
    "signbit",
    "sinc",
    "sinh",
    "true_divide",
    "xlogy",
]


def asin(input: Tensor) -> Tensor:
    """The angle in [-pi / 2, pi / 2] with this sine."""
    return unary(ops.ASIN, inexact(input))


def acos(input: Tensor) -> Tensor:
    """The angle in [0, pi] with this cosine."""
    return unary(ops.ACOS, inexact(input))


def atan(input: Tensor) -> Tensor:
    """The angle in (-pi / 2, pi / 2) with this tangent."""
    return unary(ops.ATAN, inexact(input))


def sinh(input: Tensor) -> Tensor:
    """The hyperbolic sine."""
    return unary(ops.SINH, inexact(input))


def cosh(input: Tensor) -> Tensor:
    """The hyperbolic cosine."""
    return unary(ops.COSH, inexact(input))


def asinh(input: Tensor) -> Tensor:
    """The inverse of sinh."""
    return unary(ops.ASINH, inexact(input))


def acosh(input: Tensor) -> Tensor:
    """The inverse of cosh, for what is at least 1."""
    return unary(ops.ACOSH, inexact(input))


def atanh(input: Tensor) -> Tensor:
    """The inverse of tanh, for what lies in (-1, 1)."""
    return unary(ops.ATANH, inexact(input))


def exp2(input: Tensor) -> Tensor:
    """2 ** input"""
    return unary(ops.EXP2, floating(input))


def sinc(input: Tensor) -> Tensor:
    """sin(pi input) / (pi input), and 1 at 0."""
    x = inexact(input) * math.pi
    zero = x == 0
    return where(zero, 1 - x * x / 6, x.sin() / where(zero, 1.0, x))


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(p / (1 - p)), the inverse of sigmoid; p is first clamped into [eps, 1 - eps], where given."""
    p = floating(input)
    if eps is not None:
        p = p.clamp(eps, 1 - eps)
    return (p / (1 - p)).log()


def _floating_pair(a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    dtype = result_type(a, b)
    if dtype.is_complex:
        raise DTypeError(f"this isn't defined for {dtype}; take abs(), .real or .imag")
    return pair(a, b, dtype if dtype.category == FLOAT else get_default_dtype())


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input), in (-pi, pi]."""
    return binary(ops.ATAN2, *_floating_pair(input, other))


def hypot(input: Tensor, other: Tensor) -> Tensor:
    """sqrt(input^2 + other^2) without overflow."""
    return binary(ops.HYPOT, *_floating_pair(input, other))


def fmod(input: Tensor, other: Operand) -> Tensor:
    """input - other * trunc(input / other): it has input's sign."""
    return binary(ops.FMOD, *arithmetic_pair("fmod", input, other))


def fmax(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two, element by element; of a number and NaN the number."""
    a, b = pair(input, other)
    require_ordered("fmax", a)
    return binary(ops.FMAX, a, b)


def fmin(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two, element by element; of a number and NaN the number."""
    a, b = pair(input, other)
    require_ordered("fmin", a)
    return binary(ops.FMIN, a, b)


def copysign(input: Tensor, other: Operand) -> Tensor:
    """|input| with other's sign."""
    return binary(ops.COPYSIGN, *_floating_pair(input, other))


def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(exp(input) + exp(other)) without overflow."""
    return binary(ops.LOGADDEXP, *_floating_pair(input, other))


def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """log2(2^input + 2^other) without overflow."""
    return binary(ops.LOGADDEXP2, *_floating_pair(input, other))


def xlogy(input: Operand, other: Operand) -> Tensor:
    """input * log(other), and 0 where input is 0 and other isn't NaN."""
    return binary(ops.XLOGY, *_floating_pair(input, other))


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above it, and `values` at 0."""
    if values.dtype is not input.dtype:
        raise DTypeError(f"heaviside: input is {input.dtype} and values {values.dtype}; make them the same")
    a, b = pair(input, values, input.dtype if input.is_floating_point() else get_default_dtype())
    return cast(binary(ops.HEAVISIDE, a, b), input.dtype)


def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """The next floating-point number from input towards other."""
    require_floating("nextafter", input)
    a, b = pair(input, other)
    if a.dtype.itemsize < 4:
        raise DTypeError(f"nextafter isn't defined for {a.dtype}, which is computed in float32 here")
    return binary(ops.NEXTAFTER, a, b)


def signbit(input: Tensor) -> Tensor:
    """Whether the sign is set: below 0, and -0.0."""
    return unary(ops.SIGNBIT, input) if input.is_floating_point() else input < 0


def _of_integers(name: str, op: Op, input: Operand, other: Operand) -> Tensor:
    a, b = arithmetic_pair(name, input, other)
    if a.is_floating_point():
        raise DTypeError(f"{name} is defined for integers, not {a.dtype}")
    return binary(op, a, b)


def bitwise_left_shift(input: Operand, other: Operand) -> Tensor:
    """input << other"""
    return _of_integers("bitwise_left_shift", ops.BITWISE_LEFT_SHIFT, input, other)


def bitwise_right_shift(input: Operand, other: Operand) -> Tensor:
    """input >> other; the sign is kept."""
    return _of_integers("bitwise_right_shift", ops.BITWISE_RIGHT_SHIFT, input, other)


def gcd(input: Tensor, other: Tensor) -> Tensor:
    """The greatest common divisor of integers."""
    return _of_integers("gcd", ops.GCD, input, other)


def lcm(input: Tensor, other: Tensor) -> Tensor:
    """The least common multiple of integers."""
    return _of_integers("lcm", ops.LCM, input, other)


class MantissaExponent(NamedTuple):
    """The result of frexp: input = mantissa * 2^exponent, 0.5 <= |mantissa| < 1; the exponent is int32."""

    mantissa: Tensor
    exponent: Tensor


def frexp(input: Tensor) -> MantissaExponent:
    """The mantissa and the exponent of floating-point numbers."""
    require_floating("frexp", input)
    return MantissaExponent(*apply_several(FREXP, (input,)))


# compositions


def frac(input: Tensor) -> Tensor:
    """What trunc() leaves."""
    return input - trunc(input)


def positive(input: Tensor) -> Tensor:
    """The tensor itself."""
    if input._data.dtype.kind == "b":
        raise DTypeError("positive isn't defined for bool tensors")
    return input


def sgn(input: Tensor) -> Tensor:
    """-1, 0 or 1; of a complex number, the one of length 1 (or 0) in its direction."""
    if input._data.dtype.kind != "c":
        return sign(input)
    length = input.abs()
    return input / where(length == 0, 1.0, length)


def true_divide(input: Tensor, other: Operand) -> Tensor:
    """input / other"""
    return div(input, other)


def deg2rad(input: Tensor) -> Tensor:
    """Degrees as radians."""
    return mul(floating(input), math.pi / 180)


def rad2deg(input: Tensor) -> Tensor:
    """Radians as degrees."""
    return mul(floating(input), 180 / math.pi)


def float_power(input: Operand, exponent: Operand) -> Tensor:
    """input ** exponent in float64, or in complex128."""
    dtype = complex128 if result_type(input, exponent).is_complex else float64
    return pow(*pair(input, exponent, dtype))


def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """input * 2^other"""
    if not isinstance(other, Variable):
        raise DTypeError(f"ldexp takes two tensors, not the number {other!r}; write input * 2.0**other")
    if other._data.dtype.kind in FLOATING_KINDS or input.is_complex():
        return input * exp2(floating(other))
    x = floating(input)
    if x.dtype.itemsize < 4:
        return cast(ldexp(x.float(), other), x.dtype)
    # in two steps, of which neither overflows where the result doesn't
    half = div(other, 2, rounding_mode="trunc")
    steps = [exp2(cast(e, x.dtype)) for e in (half, other - half)]
    return x * steps[0] * steps[1]


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """input + weight * (end - input)"""
    return input + (end - input) * weight


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """input + value * tensor1 * tensor2"""
    product = tensor1 * tensor2
    return input + (product if value == 1 else product * value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """input + value * tensor1 / tensor2"""
    quotient = tensor1 / tensor2
    return input + (quotient if value == 1 else quotient * value)


def angle(input: Tensor) -> Tensor:
    """The angle of a complex number, in (-pi, pi]; of a real one pi below 0, else 0. NaN stays NaN."""
    if input._data.dtype.kind == "c":
        # at 0 there is no direction, and no gradient
        safe = where(input == 0, 1.0, input)
        return where(input == 0, atan2(input.imag.detach(), input.real.detach()), atan2(safe.imag, safe.real))
    x = floating(input)
    return where(x.isnan(), x, where(x < 0, math.pi, x.detach() * 0))


def isposinf(input: Tensor) -> Tensor:
    """Where elements are plus infinity."""
    return input == math.inf


def isneginf(input: Tensor) -> Tensor:
    """Where elements are minus infinity."""
    return input == -math.inf


def isreal(input: Tensor) -> Tensor:
    """Where the imaginary part is 0."""
    return input.imag == 0 if input._data.dtype.kind == "c" else input.new_ones(input.shape) == 1


def nan_to_num(
    input: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Numbers in place of NaN and the infinities, which become the dtype's extremes unless given."""
    if not input.is_floating_point():
        return input.clone()
    top = finfo(input.dtype).max
    out = where(input.isnan(), nan, input)
    out = where(isposinf(out), top if posinf is None else posinf, out)
    return where(isneginf(out), -top if neginf is None else neginf, out)
