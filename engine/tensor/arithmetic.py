"""Element-wise functions. Operands broadcast, and meet in one dtype by PyTorch's rules."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from engine.autograd.tape import Variable, apply, binary, unary
from engine.dtypes import (
    FLOAT,
    FLOATING_KINDS,
    SMOOTH_KINDS,
    DType,
    get_default_dtype,
    int64,
    of_number,
    promote_types,
)
from engine.errors import DTypeError
from engine.ops import elementwise as ops
from engine.ops.op import Op
from engine.ops.transcendental import FMOD
from engine.tensor.promotion import (
    Number,
    Operand,
    arithmetic_pair,
    cast,
    constant,
    floating,
    inexact,
    keeps,
    pair,
    require_ordered,
    result_type,
)

__all__ = [
    "abs",
    "add",
    "ceil",
    "clamp",
    "clamp_max",
    "clamp_min",
    "cos",
    "div",
    "divide",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "log",
    "log1p",
    "log2",
    "log10",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "neg",
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "where",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def add(input: Tensor, other: Operand, *, alpha: Number = 1) -> Tensor:
    """input + alpha * other"""
    if alpha != 1:
        other = other * alpha
    if isinstance(other, Variable) and other._data.dtype is input._data.dtype:
        return binary(ops.ADD, input, other)
    return binary(ops.ADD, *pair(input, other))


def sub(input: Operand, other: Operand, *, alpha: Number = 1) -> Tensor:
    """input - alpha * other"""
    if alpha != 1:
        other = other * alpha
    if (
        isinstance(other, Variable)
        and isinstance(input, Variable)
        and other._data.dtype is input._data.dtype
        and other._data.dtype.kind in SMOOTH_KINDS
    ):
        return binary(ops.SUB, input, other)
    return binary(ops.SUB, *arithmetic_pair("sub", input, other))


def rsub(input: Tensor, other: Operand, *, alpha: Number = 1) -> Tensor:
    """other - alpha * input"""
    if alpha != 1:
        input = input * alpha
    return binary(ops.SUB, *arithmetic_pair("sub", other, input))


def mul(input: Tensor, other: Operand) -> Tensor:
    """input * other"""
    if isinstance(other, Variable) and other._data.dtype is input._data.dtype:
        return binary(ops.MUL, input, other)
    return binary(ops.MUL, *pair(input, other))


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; of integers in the default dtype.

    rounding_mode: None, "floor" (towards minus infinity) or "trunc" (towards zero); these keep integers.
    """
    if rounding_mode is None:
        if (
            isinstance(other, Variable)
            and isinstance(input, Variable)
            and other._data.dtype is input._data.dtype
            and other._data.dtype.kind in SMOOTH_KINDS
        ):
            return binary(ops.DIV, input, other)
        return _true_divide(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        if result_type(input, other).category < FLOAT:
            a, b = _ordered_arithmetic("div", input, other)
            # exactly, where a quotient in floats wouldn't be
            return binary(ops.FLOOR_DIVIDE, a - binary(FMOD, a, b), b)
        return cast(trunc(_true_divide(input, other)), result_type(input, other))
    raise DTypeError(f"rounding_mode must be None, 'floor' or 'trunc', not {rounding_mode!r}")


def _true_divide(a: Operand, b: Operand) -> Tensor:
    dtype = result_type(a, b)
    return binary(ops.DIV, *pair(a, b, dtype if dtype.category >= FLOAT else get_default_dtype()))


def rdiv(input: Tensor, other: Operand) -> Tensor:
    """other / input"""
    return _true_divide(other, input)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """The quotient rounded towards minus infinity."""
    return binary(ops.FLOOR_DIVIDE, *_ordered_arithmetic("floor_divide", input, other))


def rfloordiv(input: Tensor, other: Operand) -> Tensor:
    """other // input"""
    return binary(ops.FLOOR_DIVIDE, *_ordered_arithmetic("floor_divide", other, input))


def remainder(input: Tensor, other: Operand) -> Tensor:
    """input - other * floor(input / other): it has other's sign."""
    return binary(ops.REMAINDER, *_ordered_arithmetic("remainder", input, other))


def rmod(input: Tensor, other: Operand) -> Tensor:
    """other % input"""
    return binary(ops.REMAINDER, *_ordered_arithmetic("remainder", other, input))


def pow(input: Operand, exponent: Operand) -> Tensor:
    """input ** exponent"""
    if isinstance(input, Variable) and not isinstance(exponent, Variable):
        kind = input._data.dtype.kind
        if kind in SMOOTH_KINDS:
            if exponent == 2:
                return unary(ops.SQUARE, input)
            if exponent == 0.5:
                return unary(ops.SQRT, input)
        elif isinstance(exponent, int) and exponent < 0:
            raise DTypeError("an integer tensor has no negative integer powers; convert it with .float()")
    return binary(ops.POW, *arithmetic_pair("pow", input, exponent))


def rpow(input: Tensor, other: Operand) -> Tensor:
    """other ** input"""
    return pow(other, input)


def _ordered(name: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    both = pair(a, b)
    if both[0]._data.dtype.kind == "c":
        require_ordered(name, both[0])
    return both


def _ordered_arithmetic(name: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    first, second = arithmetic_pair(name, a, b)
    require_ordered(name, first)
    return first, second


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two, element by element; NaN where one is."""
    return binary(ops.MAXIMUM, *_ordered("maximum", input, other))


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two, element by element; NaN where one is."""
    return binary(ops.MINIMUM, *_ordered("minimum", input, other))


def where(condition: Tensor, input: Operand, other: Operand) -> Tensor:
    """input where condition (bool) holds, else other; all three broadcast."""
    if condition._data.dtype.kind != "b":
        raise DTypeError(f"where: the condition must be a bool tensor, not {condition.dtype}")
    if not isinstance(input, Variable) and not isinstance(other, Variable):
        a = constant(input, of_pair(input, other), condition._device)
        return apply(ops.WHERE, (condition, *pair(a, other)))
    return apply(ops.WHERE, (condition, *pair(input, other)))


def of_pair(a: Number | complex, b: Number | complex) -> DType:
    """The dtype in which two numbers meet."""
    return promote_types(of_number(a), of_number(b))


def clamp(input: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """Each element moved into [min, max]; a side that is None is open."""
    if min is None and max is None:
        raise DTypeError("clamp needs min, max or both")
    require_ordered("clamp", input)
    if isinstance(min, Variable) or isinstance(max, Variable):
        if min is not None:
            input = binary(ops.MAXIMUM, *pair(input, min))
        return input if max is None else binary(ops.MINIMUM, *pair(input, max))
    for bound in (min, max):
        if bound is not None and not keeps(input, bound):
            input = cast(input, result_type(input, bound))
    return unary(ops.CLAMP, input, (min, max))


def clamp_min(input: Tensor, min: Operand) -> Tensor:
    """The larger of each element and `min`."""
    return clamp(input, min=min)


def clamp_max(input: Tensor, max: Operand) -> Tensor:
    """The smaller of each element and `max`."""
    return clamp(input, max=max)


def neg(input: Tensor) -> Tensor:
    """-input"""
    if input._data.dtype.kind == "b":
        raise DTypeError("a bool tensor has no negative; use logical_not or ~")
    return unary(ops.NEG, input)


def abs(input: Tensor) -> Tensor:
    """The absolute value; of a complex number its distance from 0."""
    return unary(ops.ABS, input)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1; of bool the tensor's own values."""
    return unary(ops.CLONE if input._data.dtype.kind == "b" else ops.SIGN, input)


def _whole(op: Op, input: Tensor) -> Tensor:
    # integers are whole already; NumPy would turn some of them into floats
    require_ordered(op.name, input)
    return unary(op if input._data.dtype.kind in FLOATING_KINDS else ops.CLONE, input)


def floor(input: Tensor) -> Tensor:
    """The greatest whole number that isn't larger."""
    return _whole(ops.FLOOR, input)


def ceil(input: Tensor) -> Tensor:
    """The least whole number that isn't smaller."""
    return _whole(ops.CEIL, input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """To the nearest whole number, or to that many decimals; halves go to the even one."""
    if decimals:
        scale = 10.0 ** builtins.abs(decimals)
        if decimals < 0:
            return unary(ops.ROUND, floating(input) / scale) * scale
        return unary(ops.ROUND, floating(input) * scale) / scale
    return _whole(ops.ROUND, input)


def trunc(input: Tensor) -> Tensor:
    """The whole number next to it towards 0."""
    return _whole(ops.TRUNC, input)


def square(input: Tensor) -> Tensor:
    """input * input; of bool in int64."""
    return unary(ops.SQUARE, cast(input, int64) if input._data.dtype.kind == "b" else input)


def exp(input: Tensor) -> Tensor:
    """e ** input"""
    return unary(ops.EXP, inexact(input))


def expm1(input: Tensor) -> Tensor:
    """exp(input) - 1, exact near 0."""
    return unary(ops.EXPM1, inexact(input))


def log(input: Tensor) -> Tensor:
    """The natural logarithm."""
    return unary(ops.LOG, inexact(input))


def log2(input: Tensor) -> Tensor:
    """The logarithm to base 2."""
    return unary(ops.LOG2, inexact(input))


def log10(input: Tensor) -> Tensor:
    """The logarithm to base 10."""
    return unary(ops.LOG10, inexact(input))


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), exact near 0."""
    return unary(ops.LOG1P, inexact(input))


def sqrt(input: Tensor) -> Tensor:
    """The square root."""
    return unary(ops.SQRT, inexact(input))


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input)"""
    return unary(ops.RSQRT, inexact(input))


def reciprocal(input: Tensor) -> Tensor:
    """1 / input"""
    return unary(ops.RECIPROCAL, inexact(input))


def sin(input: Tensor) -> Tensor:
    """The sine of an angle in radians."""
    return unary(ops.SIN, inexact(input))


def cos(input: Tensor) -> Tensor:
    """The cosine of an angle in radians."""
    return unary(ops.COS, inexact(input))


def tan(input: Tensor) -> Tensor:
    """The tangent of an angle in radians."""
    return unary(ops.TAN, inexact(input))


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return unary(ops.TANH, inexact(input))


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input))"""
    return unary(ops.SIGMOID, inexact(input))


def erf(input: Tensor) -> Tensor:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to input."""
    return unary(ops.ERF, floating(input))


def relu(input: Tensor) -> Tensor:
    """max(input, 0); its derivative at 0 is 0."""
    require_ordered("relu", input)
    return unary(ops.RELU, input)


# PyTorch's second names
divide = div
multiply = mul
subtract = sub
