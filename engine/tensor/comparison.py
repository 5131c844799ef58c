"""Comparisons and logic; all results are bool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.autograd.tape import Variable, binary, unary
from engine.dtypes import SMOOTH_KINDS
from engine.errors import DTypeError, ShapeError
from engine.ops import elementwise as ops
from engine.ops import transcendental as bits
from engine.ops.op import Op
from engine.tensor.promotion import Operand, pair, require_ordered

__all__ = [
    "allclose",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "eq",
    "equal",
    "ge",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "ne",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def _ordered(name: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    both = pair(a, b)
    if both[0]._data.dtype.kind == "c":
        require_ordered(name, both[0])
    return both


def eq(input: Tensor, other: Operand) -> Tensor:
    """Where input equals other."""
    return binary(ops.EQ, *pair(input, other))


def ne(input: Tensor, other: Operand) -> Tensor:
    """Where input differs from other."""
    return binary(ops.NE, *pair(input, other))


def lt(input: Tensor, other: Operand) -> Tensor:
    """Where input is less than other."""
    return binary(ops.LT, *_ordered("lt", input, other))


def le(input: Tensor, other: Operand) -> Tensor:
    """Where input is at most other."""
    return binary(ops.LE, *_ordered("le", input, other))


def gt(input: Tensor, other: Operand) -> Tensor:
    """Where input is greater than other."""
    return binary(ops.GT, *_ordered("gt", input, other))


def ge(input: Tensor, other: Operand) -> Tensor:
    """Where input is at least other."""
    return binary(ops.GE, *_ordered("ge", input, other))


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Where both are other than 0."""
    return binary(ops.LOGICAL_AND, *pair(input, other))


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Where either is other than 0."""
    return binary(ops.LOGICAL_OR, *pair(input, other))


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Where just one of both is other than 0."""
    return binary(ops.LOGICAL_XOR, *pair(input, other))


def logical_not(input: Tensor) -> Tensor:
    """Where elements are 0."""
    return unary(ops.LOGICAL_NOT, input)


def _bits(sign: str, logical: Op, bitwise: Op, input: Operand, other: Operand) -> Tensor:
    a, b = pair(input, other)
    if a._data.dtype.kind in SMOOTH_KINDS:
        raise DTypeError(f"{sign} is defined for bool and integer tensors, not {a.dtype}; compare first")
    return binary(logical if a._data.dtype.kind == "b" else bitwise, a, b)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """The bits that both have; of bools the logical and."""
    return _bits("&", ops.LOGICAL_AND, bits.BITWISE_AND, input, other)


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """The bits that either has; of bools the logical or."""
    return _bits("|", ops.LOGICAL_OR, bits.BITWISE_OR, input, other)


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """The bits that just one of both has."""
    return _bits("^", ops.LOGICAL_XOR, bits.BITWISE_XOR, input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """Every bit turned over; of bools the logical not."""
    if input._data.dtype.kind in SMOOTH_KINDS:
        raise DTypeError(f"~ is defined for bool and integer tensors, not {input.dtype}; compare first")
    return unary(ops.LOGICAL_NOT if input._data.dtype.kind == "b" else bits.BITWISE_NOT, input)


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and equal elements."""
    return input.shape == other.shape and bool(eq(input, other).all())


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """|input - other| <= atol + rtol |other|"""
    for x in (input, other):
        if not isinstance(x, Variable):
            raise DTypeError(f"isclose compares two tensors, and {x!r} is none; make it one with tensor()")
    if rtol < 0 or atol < 0:
        raise ShapeError(f"isclose: rtol and atol must not be negative, and are {rtol} and {atol}")
    if input._data.dtype.kind == other._data.dtype.kind == "b":
        return eq(input, other)
    near = ((input - other).abs() <= other.abs() * rtol + atol).logical_or(input == other)
    return near.logical_or(input.isnan().logical_and(other.isnan())) if equal_nan else near


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether isclose holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def isnan(input: Tensor) -> Tensor:
    """Where elements are NaN."""
    return unary(ops.ISNAN, input)


def isinf(input: Tensor) -> Tensor:
    """Where elements are infinite."""
    return unary(ops.ISINF, input)


def isfinite(input: Tensor) -> Tensor:
    """Where elements are neither infinite nor NaN."""
    return unary(ops.ISFINITE, input)
