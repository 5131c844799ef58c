"""PyTorch's second names for functions, and questions about a tensor asked as functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd.tape import Variable
from engine.errors import ShapeError
from engine.tensor import arithmetic, comparison, shapes, transcendental
from engine.tensor.creation import as_tensor

__all__ = [
    "absolute",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asarray",
    "clip",
    "concat",
    "concatenate",
    "detach",
    "fix",
    "greater",
    "greater_equal",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_tensor",
    "less",
    "less_equal",
    "moveaxis",
    "negative",
    "not_equal",
    "numel",
    "swapaxes",
    "swapdims",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

absolute = arithmetic.abs
arccos = transcendental.acos
arccosh = transcendental.acosh
arcsin = transcendental.asin
arcsinh = transcendental.asinh
arctan = transcendental.atan
arctan2 = transcendental.atan2
arctanh = transcendental.atanh
asarray = as_tensor
clip = arithmetic.clamp
concat = concatenate = shapes.cat
fix = arithmetic.trunc
greater, greater_equal = comparison.gt, comparison.ge
less, less_equal = comparison.lt, comparison.le
moveaxis = shapes.movedim
negative = arithmetic.neg
not_equal = comparison.ne
swapaxes = swapdims = shapes.transpose


def is_tensor(obj: Any) -> bool:
    return isinstance(obj, Variable)


def numel(input: Tensor) -> int:
    return input.numel()


def detach(input: Tensor) -> Tensor:
    """The same memory outside the graph."""
    return input.detach()


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element isn't zero."""
    if input.numel() != 1:
        raise ShapeError(
            f"is_nonzero takes a tensor of one element, not shape {tuple(input.shape)}; use any() or all()"
        )
    return bool(input)


def is_signed(input: Tensor) -> bool:
    return input.dtype.is_signed


def is_same_size(input: Tensor, other: Tensor) -> bool:
    return bool(input.shape == other.shape)
