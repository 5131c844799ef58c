"""Matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.autograd.tape import Variable, apply, binary, viewed
from engine.errors import DTypeError, ShapeError
from engine.ops import products as ops
from engine.ops.shapes import RESHAPE
from engine.tensor.casting import as_given, under_autocast
from engine.tensor.promotion import operand

__all__ = [
    "bmm",
    "dot",
    "matmul",
    "mm",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def _one_dtype(op: str, *tensors: Tensor) -> None:
    first = tensors[0]._data.dtype
    for x in tensors:
        if x._data.dtype is not first and x._data.dtype != first and not under_autocast():
            raise DTypeError(
                f"{op}: the operands are {tensors[0].dtype} and {x.dtype}; they must be the same"
            )


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product over the last two axes; leading axes broadcast.

    A vector counts as a row on the left and as a column on the right; that axis vanishes again.
    """
    other = operand(other, input)
    if not isinstance(other, Variable):
        raise ShapeError("matmul: a number is no matrix; use *")
    _one_dtype("matmul", input, other)
    left, right = input._data.shape, other._data.shape
    if len(left) > 1 and len(right) > 1:
        return binary(ops.MATMUL, input, other)
    if not left or not right:
        raise ShapeError(f"matmul: both operands need an axis, and the shapes are {left} and {right}")
    a = input if len(left) > 1 else viewed(RESHAPE, input, ((1, *left),))
    b = other if len(right) > 1 else viewed(RESHAPE, other, ((*right, 1),))
    out = binary(ops.MATMUL, a, b)
    shape = out._data.shape
    if len(left) == 1:
        shape = (*shape[:-2], shape[-1])
    return viewed(RESHAPE, out, (shape if len(right) > 1 else shape[:-1],))


def rmatmul(input: Tensor, other: Tensor) -> Tensor:
    """other @ input"""
    return matmul(operand(other, input), input)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """[M, K] @ [K, N]"""
    return _of_rank("mm", 2, input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """[B, M, K] @ [B, K, N]"""
    return _of_rank("bmm", 3, input, mat2)


def _of_rank(name: str, rank: int, a: Tensor, b: Tensor) -> Tensor:
    left, right = a._data.shape, b._data.shape
    if len(left) != rank or len(right) != rank or left[:-2] != right[:-2]:
        raise ShapeError(
            f"{name} takes two tensors of {rank} axes, the leading ones equal, not {a.shape} and {b.shape}; "
            "matmul broadcasts"
        )
    return matmul(a, b)


@as_given
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors."""
    return _of_vectors(input, tensor)


def _of_vectors(a: Tensor, b: Tensor) -> Tensor:
    if a.ndim != 1 or a.shape != b.shape:
        raise ShapeError(f"dot takes two vectors of one length, not {a.shape} and {b.shape}")
    return matmul(a, b)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias, as one op.

    input: [..., I], weight: [O, I], bias: [O]
    Returns [..., O].
    """
    if bias is None:
        _one_dtype("linear", input, weight)
        return binary(ops.LINEAR_NO_BIAS, input, weight)
    _one_dtype("linear", input, weight, bias)
    return apply(ops.LINEAR, (input, weight, bias))
