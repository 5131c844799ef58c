"""Reading and placing by index, out of place; diagonals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd.tape import Variable, apply, unary
from engine.dtypes import bool_
from engine.errors import DTypeError, ShapeError
from engine.ops import orders as ops
from engine.ops.scattering import SCATTER_REDUCE
from engine.ops.shapes import SLICE_GRAD
from engine.tensor.arithmetic import where
from engine.tensor.axes import axis
from engine.tensor.blocks import broadcast_tensors
from engine.tensor.creation import new_ones, new_zeros
from engine.tensor.indexing import gather, getitem, operand_tensor, scatter_add
from engine.tensor.promotion import Number, cast
from engine.tensor.shapes import expand, reshape

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "diagonal_scatter",
    "fill",
    "index_add",
    "index_copy",
    "index_fill",
    "masked_scatter",
    "scatter",
    "select_scatter",
    "slice_scatter",
    "take",
    "take_along_dim",
]


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    value: Number | None = None,
    reduce: str | None = None,
) -> Tensor:
    """input with src (a tensor that may reach beyond index, or a number) at index along `dim`.

    reduce: "add" or "multiply" what is there instead
    """
    given = value if src is None else src
    if given is None:
        raise DTypeError("scatter needs src or value")
    x, where_ = (reshape(input, 1), reshape(index, -1)) if input.ndim == 0 else (input, index)
    if isinstance(given, Variable):
        source: Tensor = operand_tensor(given, x)
        if source.ndim == 0 and where_.ndim:
            source = reshape(source, 1)
        source = getitem(source, tuple(slice(n) for n in where_.shape))
    else:
        source = expand(operand_tensor(given, x), where_.shape)
    if source.dtype is not x.dtype:
        raise DTypeError(f"scatter: input is {x.dtype} and src {source.dtype}; they must be the same")
    if where_.numel() == 0:
        return input.clone()
    at = axis(dim, x.ndim)
    if reduce is None:
        out = apply(ops.SCATTER, (x, where_, source), (at,))
    elif reduce == "add":
        out = scatter_add(x, at, where_, source)
    elif reduce == "multiply":
        out = apply(SCATTER_REDUCE, (x, where_, source), (at, "prod"))
    else:
        raise DTypeError(f"scatter: reduce must be None, 'add' or 'multiply', not {reduce!r}")
    return reshape(out, input.shape)


def along(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """A vector of indices along one axis, spread over all the others."""
    if index.ndim > 1:
        raise ShapeError(f"the index must be a vector, not of shape {index.shape}")
    shape = list(input.shape)
    shape[dim] = index.numel()
    return expand(reshape(index, [-1 if k == dim else 1 for k in range(input.ndim)]), shape)


def with_axis(*tensors: Any) -> list[Any]:
    return [reshape(x, 1) if x.ndim == 0 else x for x in tensors]


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
    """input with alpha * source added at a vector of indices along `dim`."""
    x, added = with_axis(input, source)
    at = axis(dim, x.ndim)
    place = (*x.shape[:at], index.numel(), *x.shape[at + 1 :])
    if added.shape != place:
        raise ShapeError(f"index_add: source has shape {source.shape}, and its place {place}")
    scaled = added if alpha == 1 else added * alpha
    return reshape(scatter_add(x, at, along(x, at, index), scaled), input.shape)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """input with source at a vector of indices along `dim`."""
    x, new = with_axis(input, source)
    at = axis(dim, x.ndim)
    return reshape(scatter(x, at, along(x, at, index), new), input.shape)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """input with a value at a vector of indices along `dim`."""
    (x,) = with_axis(input)
    at = axis(dim, x.ndim)
    places = along(x, at, index)
    chosen = scatter(new_zeros(x, x.shape), at, places, value=1) != 0
    return reshape(where(chosen, cast(operand_tensor(value, x), x.dtype), x), input.shape)


def fill(input: Tensor, value: Any) -> Tensor:
    """A number, or a tensor without axes, in every place of input's shape; out of place."""
    source = operand_tensor(value, input)
    if source.ndim:
        raise ShapeError(f"fill takes a number or a tensor without axes, not shape {source.shape}")
    everywhere = new_ones(input, input.shape, dtype=bool_)
    return where(everywhere, cast(source, input.dtype), input)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """input with the elements of source, in their order, where mask holds."""
    x, chosen = broadcast_tensors(input, mask)
    if x._device.type != "meta" and int(chosen.sum()) > source.numel():
        raise ShapeError(
            f"masked_scatter: the mask is true {int(chosen.sum())} times, and source {source.shape} has "
            "fewer elements"
        )
    if chosen.numel() == 0 or source.numel() == 0:
        return x.clone()
    order = reshape(chosen, -1).cumsum(0) - 1
    values = getitem(reshape(source, -1), (order.clamp(0, source.numel() - 1),))
    return where(chosen, reshape(values, x.shape), x)


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at indices into the flattened tensor."""
    return getitem(reshape(input, -1), (index,))


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As gather, with input and indices broadcast against each other in all other axes."""
    if dim is None:
        return gather(reshape(input, -1), 0, reshape(indices, -1))
    at = axis(dim, input.ndim)
    lead = input.shape[:at], indices.shape[:at]
    rest = input.shape[at + 1 :], indices.shape[at + 1 :]
    both = [tuple(max(n, m) if min(n, m) else 0 for n, m in zip(a, b, strict=True)) for a, b in (lead, rest)]
    x = expand(input, (*both[0], input.shape[at], *both[1]))
    indices = where(indices < 0, indices + input.shape[at], indices)
    return gather(x, at, expand(indices, (*both[0], indices.shape[at], *both[1])))


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two axes as the last axis; a view."""
    return unary(ops.DIAGONAL, input, (offset, axis(dim1, input.ndim), axis(dim2, input.ndim)))


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the last axis on a diagonal, zeros elsewhere."""
    first, second = axis(dim1, input.ndim + 1), axis(dim2, input.ndim + 1)
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for at in sorted((first, second)):
        shape.insert(at, size)
    if first > second:
        first, second, offset = second, first, -offset
    return unary(ops.DIAGONAL_GRAD, input, (tuple(shape), offset, first, second))


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or a matrix with a vector on its diagonal."""
    if input.ndim not in (1, 2):
        raise ShapeError(
            f"diag takes a vector or a matrix, not shape {input.shape}; use diagonal, diag_embed"
        )
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    return unary(ops.DIAGONAL, input, (diagonal, 0, 1)).clone()


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements on its diagonal."""
    return diag_embed(reshape(input, -1), offset)


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """input with src on a diagonal."""
    attrs = (input.shape, offset, axis(dim1, input.ndim), axis(dim2, input.ndim))
    hit = unary(ops.DIAGONAL_GRAD, src.detach() * 0 + 1, attrs)
    return where(hit != 0, unary(ops.DIAGONAL_GRAD, src, attrs), input)


def _placed(input: Tensor, src: Tensor, key: tuple[Any, ...]) -> Tensor:
    place = getitem(input, key).shape
    if src.shape != place:
        raise ShapeError(f"src has shape {src.shape}, and its place {place}")
    hit = unary(SLICE_GRAD, new_zeros(src, place) + 1, (input.shape, key))
    return where(hit != 0, unary(SLICE_GRAD, src, (input.shape, key)), input)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """input with src at one index of an axis."""
    return _placed(input, src, (slice(None),) * axis(dim, input.ndim) + (index,))


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """input with src at a slice of an axis."""
    return _placed(input, src, (slice(None),) * axis(dim, input.ndim) + (slice(start, end, step),))
