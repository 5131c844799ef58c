"""Comparisons and logic; all results are bool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.autograd.tape import binary, unary
from engine.errors import DTypeError
from engine.ops import elementwise as ops
from engine.tensor.promotion import Operand, pair

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def eq(input: Tensor, other: Operand) -> Tensor:
    return binary(ops.EQ, *pair(input, other))


def ne(input: Tensor, other: Operand) -> Tensor:
    return binary(ops.NE, *pair(input, other))


def lt(input: Tensor, other: Operand) -> Tensor:
    return binary(ops.LT, *pair(input, other))


def le(input: Tensor, other: Operand) -> Tensor:
    return binary(ops.LE, *pair(input, other))


def gt(input: Tensor, other: Operand) -> Tensor:
    return binary(ops.GT, *pair(input, other))


def ge(input: Tensor, other: Operand) -> Tensor:
    return binary(ops.GE, *pair(input, other))


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    return binary(ops.LOGICAL_AND, *pair(input, other))


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    return binary(ops.LOGICAL_OR, *pair(input, other))


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    return binary(ops.LOGICAL_XOR, *pair(input, other))


def logical_not(input: Tensor) -> Tensor:
    return unary(ops.LOGICAL_NOT, input)


def _bools(sign: str, *operands: Operand) -> None:
    for x in operands:
        if not isinstance(x, bool) and (isinstance(x, int | float) or x._data.dtype.kind != "b"):
            raise DTypeError(f"{sign} is defined for bool tensors only; for others compare first")


def bitwise_and(input: Tensor, other: Operand) -> Tensor:
    _bools("&", input, other)
    return binary(ops.LOGICAL_AND, *pair(input, other))


def bitwise_or(input: Tensor, other: Operand) -> Tensor:
    _bools("|", input, other)
    return binary(ops.LOGICAL_OR, *pair(input, other))


def bitwise_xor(input: Tensor, other: Operand) -> Tensor:
    _bools("^", input, other)
    return binary(ops.LOGICAL_XOR, *pair(input, other))


def bitwise_not(input: Tensor) -> Tensor:
    _bools("~", input)
    return unary(ops.LOGICAL_NOT, input)


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and equal elements."""
    return input.shape == other.shape and bool(eq(input, other).all())


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """|input - other| <= atol + rtol |other|"""
    near = ((input - other).abs() <= other.abs() * rtol + atol).logical_or(input == other)
    return near.logical_or(input.isnan().logical_and(other.isnan())) if equal_nan else near


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether isclose holds everywhere."""
    return bool(isclose(input, other, rtol, atol, equal_nan).all())
