"""Views of memory by strides that users give themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.autograd.tape import unary
from engine.errors import ShapeError
from engine.ops.scattering import AS_STRIDED
from engine.tensor.creation import arange
from engine.tensor.scattering import put
from engine.tensor.shapes import clone, reshape

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "as_strided",
    "as_strided_copy",
    "as_strided_scatter",
]


def _start(name: str, input: Tensor, offset: int | None) -> int:
    """Where a view starts within the tensor's own elements."""
    if not input.is_contiguous():
        raise ShapeError(f"{name} needs a contiguous tensor; take .contiguous() of this {input.shape} first")
    base = getattr(input._data, "base", None)
    if offset is not None and base is not None and getattr(base, "size", input.numel()) != input.numel():
        raise ShapeError(
            f"{name}: storage_offset {offset} counts from the memory of which this {input.shape} is a part; "
            "leave it out to start at the tensor's own first element, or clone() the tensor"
        )
    return offset or 0


def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A view of the memory of a contiguous tensor with any sizes and strides, counted in elements.

    Elements that appear several times gather the gradients of all their appearances.
    """
    start = _start("as_strided", input, storage_offset)
    return unary(AS_STRIDED, input, (tuple(size), tuple(stride), start))


def as_strided_copy(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """As as_strided, but a copy."""
    return clone(as_strided(input, size, stride, storage_offset))


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """input with src where as_strided would look; the places must be distinct."""
    start = _start("as_strided_scatter", input, storage_offset)
    if src.shape != tuple(size):
        raise ShapeError(f"as_strided_scatter: src has shape {src.shape}, and its place {tuple(size)}")
    numbers = reshape(arange(input.numel(), device=input.device), input.shape)
    return put(input, unary(AS_STRIDED, numbers, (tuple(size), tuple(stride), start)), src)
