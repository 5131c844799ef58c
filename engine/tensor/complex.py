"""Complex numbers: their parts, and putting them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.autograd.tape import binary, unary
from engine.errors import DTypeError
from engine.ops import complex as ops
from engine.tensor.arithmetic import cos, sin
from engine.tensor.casting import in_single

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "complex",
    "conj",
    "conj_physical",
    "imag",
    "is_complex",
    "is_conj",
    "is_floating_point",
    "is_neg",
    "polar",
    "real",
    "resolve_conj",
    "resolve_neg",
    "view_as_complex",
    "view_as_real",
]


def real(input: Tensor) -> Tensor:
    """The real parts, a view; a real tensor itself."""
    return unary(ops.REAL, input) if input._data.dtype.kind == "c" else input


def imag(input: Tensor) -> Tensor:
    """The imaginary parts of a complex tensor, a view."""
    if input._data.dtype.kind != "c":
        raise DTypeError(f"imag is defined for complex tensors, not {input.dtype}")
    return unary(ops.IMAG, input)


def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""
    return unary(ops.CONJ, input) if input._data.dtype.kind == "c" else input


def conj_physical(input: Tensor) -> Tensor:
    """As conj, which leaves nothing to be done later."""
    return conj(input)


def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conj has computed its values already."""
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negatives are computed at once."""
    return input


def is_conj(input: Tensor) -> bool:
    """False: conjugation isn't put off."""
    return False


def is_neg(input: Tensor) -> bool:
    """False: negation isn't put off."""
    return False


def is_complex(input: Tensor) -> bool:
    return input.is_complex()


def is_floating_point(input: Tensor) -> bool:
    return input.is_floating_point()


def complex(real: Tensor, imag: Tensor) -> Tensor:
    """real + i imag; both float32, or both float64. They broadcast."""
    if real.dtype is not imag.dtype or real._data.dtype.kind != "f" or real.dtype.itemsize < 4:
        raise DTypeError(
            f"complex takes two float32 or two float64 tensors, not {real.dtype} and {imag.dtype}"
        )
    return binary(ops.COMPLEX, real, imag)


@in_single
def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """The complex numbers of these lengths at these angles, in radians."""
    if abs.dtype is not angle.dtype:
        raise DTypeError(f"polar takes two tensors of one dtype, not {abs.dtype} and {angle.dtype}")
    return complex(abs * cos(angle), abs * sin(angle))


def view_as_real(input: Tensor) -> Tensor:
    """[...] complex as [..., 2] real: the parts as a last axis; a view."""
    if input._data.dtype.kind != "c":
        raise DTypeError(f"view_as_real is defined for complex tensors, not {input.dtype}")
    return unary(ops.VIEW_AS_REAL, input)


@in_single
def view_as_complex(input: Tensor) -> Tensor:
    """[..., 2] real as [...] complex; a view, so the last axis must lie together in memory."""
    return unary(ops.VIEW_AS_COMPLEX, input)
