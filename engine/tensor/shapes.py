"""Rearranging elements. Results share the operand's memory wherever NumPy can."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any

from engine.autograd.pieces import viewed_in_pieces
from engine.autograd.tape import Variable, apply, unary, viewed
from engine.dtypes import promote_types
from engine.errors import DTypeError, IndexError_, ShapeError
from engine.ops import shapes as ops
from engine.ops.elementwise import CLONE
from engine.tensor.axes import Sizes, axes, axis, inferred, sizes
from engine.tensor.layouts import check_memory_format, order_of
from engine.tensor.promotion import cast

__all__ = [
    "adjoint",
    "broadcast_to",
    "cat",
    "chunk",
    "clone",
    "flatten",
    "flip",
    "movedim",
    "narrow",
    "permute",
    "reshape",
    "select",
    "split",
    "squeeze",
    "stack",
    "t",
    "transpose",
    "tril",
    "triu",
    "unbind",
    "unflatten",
    "unsqueeze",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


# keys of axes that are taken whole, to be multiplied by their number
_ALL = (slice(None),)


def reshape(input: Tensor, *shape: Sizes) -> Tensor:
    """The same elements in row-major order in another shape; one size may be -1. A view where possible."""
    wanted = sizes(shape)
    if -1 in wanted:
        wanted = inferred(wanted, input._data.size)
    return input if wanted == input._data.shape else viewed(ops.RESHAPE, input, (wanted,))


def view(input: Tensor, *shape: Sizes) -> Tensor:
    """As reshape, but raises ShapeError where that would copy."""
    wanted = inferred(sizes(shape), input._data.size)
    out = viewed(ops.RESHAPE, input, (wanted,))
    if out._version is None and input._device.type != "meta" and input._data.size:
        raise ShapeError(
            f"shape {input.shape} with its strides can't be viewed as {wanted}; use reshape, which copies"
        )
    return out


def view_as(input: Tensor, other: Tensor) -> Tensor:
    return view(input, other.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes start_dim to end_dim as one."""
    shape = input._data.shape
    if not shape:
        return reshape(input, 1)
    wanted = _flat(shape, index(start_dim), index(end_dim))
    return input if wanted == shape else viewed(ops.RESHAPE, input, (wanted,))


@lru_cache
def _flat(shape: tuple[int, ...], start_dim: int, end_dim: int) -> tuple[int, ...]:
    """The shape in which some axes are one."""
    first, last = axis(start_dim, len(shape)), axis(end_dim, len(shape))
    if first > last:
        raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    return (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :])


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One axis as several."""
    shape = input._data.shape
    at = axis(dim, len(shape))
    return reshape(input, (*shape[:at], *inferred(tuple(sizes), shape[at]), *shape[at + 1 :]))


def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Without the axes of size 1 (those among `dim`)."""
    shape = input._data.shape
    if dim.__class__ is int and shape:
        at = axis(dim, len(shape))
        return viewed(ops.RESHAPE, input, (shape[:at] + shape[at + 1 :],)) if shape[at] == 1 else input
    gone = () if dim == () else axes(dim, len(shape))
    return reshape(input, tuple([n for k, n in enumerate(shape) if n != 1 or k not in gone]))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of size 1 at `dim`."""
    shape = input._data.shape
    at = axis(dim, len(shape), extra=1)
    return viewed(ops.RESHAPE, input, ((*shape[:at], 1, *shape[at:]),))


def permute(input: Tensor, *dims: Sizes) -> Tensor:
    """The axes in another order."""
    return viewed(ops.PERMUTE, input, (_order(sizes(dims), len(input._data.shape)),))


@lru_cache
def _order(named: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """Axes in an order, none of them negative. Few orders are ever asked for, and most of them often."""
    order = tuple([d + ndim if d < 0 else d for d in named])
    if sorted(order) != [*range(ndim)]:
        for d in named:
            axis(d, ndim)  # says which one is out of range
        raise ShapeError(f"permute: {named} must name each of the {ndim} axes once")
    return order


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    ndim = len(input._data.shape)
    return viewed(ops.PERMUTE, input, (_exchanged(ndim, index(dim0), index(dim1)),)) if ndim else input


@lru_cache
def _exchanged(ndim: int, dim0: int, dim1: int) -> tuple[int, ...]:
    """The order of axes of which two are exchanged."""
    order = list(range(ndim))
    a, b = axis(dim0, ndim), axis(dim1, ndim)
    order[a], order[b] = order[b], order[a]
    return tuple(order)


@lru_cache
def reversed_axes(ndim: int) -> tuple[int, ...]:
    """So many axes, the last one first."""
    return tuple(range(ndim))[::-1]


def adjoint(input: Tensor) -> Tensor:
    """The last two axes exchanged, complex numbers conjugated."""
    if input._data.ndim < 2:
        raise ShapeError(f"adjoint takes matrices, not shape {input.shape}")
    turned = transpose(input, -2, -1)
    return turned.conj() if input._data.dtype.kind == "c" else turned


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a tensor of fewer axes as it is."""
    if input._data.ndim > 2:
        raise ShapeError(f"t() takes at most two axes, not shape {input.shape}; use transpose, mT or permute")
    return input if input._data.ndim < 2 else viewed(ops.PERMUTE, input, ((1, 0),))


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """One axis, or several, moved to other places; the others keep their order."""
    ndim = input._data.ndim
    if ndim == 0:
        return input
    from_ = [axis(d, ndim) for d in ([source] if isinstance(source, int) else source)]
    to = [axis(d, ndim) for d in ([destination] if isinstance(destination, int) else destination)]
    if len(from_) != len(to) or len(set(from_)) != len(from_) or len(set(to)) != len(to):
        raise ShapeError(f"movedim: {source} and {destination} must be as many axes, each named once")
    order = [d for d in range(ndim) if d not in from_]
    for place, d in sorted(zip(to, from_, strict=True)):
        order.insert(place, d)
    return permute(input, order)


def expand(input: Tensor, *shape: Sizes) -> Tensor:
    """A view in which axes of size 1, and new ones in front, are repeated; -1 keeps a size."""
    wanted = sizes(shape)
    have = input._data.shape
    lead = len(wanted) - len(have)
    full = wanted
    if -1 in wanted:
        full = tuple([have[k - lead] if n == -1 and k >= lead else n for k, n in enumerate(wanted)])
    return input if full == have else viewed(ops.EXPAND, input, (full,))


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    return expand(input, other.shape)


def broadcast_to(input: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements seen in a larger shape, without a copy."""
    return expand(input, tuple(shape))


def repeat(input: Tensor, *repeats: Sizes) -> Tensor:
    """Copies of the tensor laid side by side, that many along each axis."""
    times = sizes(repeats)
    have = input._data.shape
    lead = len(times) - len(have)
    if lead < 0:
        raise ShapeError(f"repeat: {times} must give a count for each axis of shape {have}")
    full = (1,) * lead + tuple(have)
    spread = [n for pair in zip(times, full, strict=True) for n in pair]
    once = [n for size in full for n in (1, size)]
    return reshape(expand(reshape(input, once), spread), [a * b for a, b in zip(times, full, strict=True)])


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one after the other along an axis; all other axes must be equal."""
    joined = _one_dtype(tensors, "cat")
    # PyTorch lets an empty vector stand beside tensors of any number of axes
    for each in joined:
        if each._data.shape == (0,):
            joined = tuple([x for x in joined if x._data.shape != (0,)]) or joined[:1]
            break
    return apply(ops.CAT, joined, (axis(dim, len(joined[0]._data.shape)),))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis."""
    joined = _one_dtype(tensors, "stack")
    return apply(ops.STACK, joined, (axis(dim, joined[0]._data.ndim, extra=1),))


def _one_dtype(tensors: Sequence[Tensor], op: str) -> tuple[Tensor, ...]:
    if not tensors:
        raise ShapeError(f"{op} needs at least one tensor")
    alike, first = True, getattr(tensors[0], "_data", None)
    for k, each in enumerate(tensors):
        if not isinstance(each, Variable):
            raise DTypeError(f"{op} takes tensors, and element {k} is {each!r}")
        if each._data.dtype is not first.dtype:  # type: ignore[union-attr]  # then the first is a tensor
            alike = False
    if alike:
        return tuple(tensors)
    common = tensors[0].dtype
    for each in tensors[1:]:
        common = promote_types(common, each.dtype)
    return tuple([cast(each, common) for each in tensors])


def narrow(input: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """`length` elements along an axis, from `start` (counted from the end if negative); a view."""
    if not input._data.shape:
        raise ShapeError("narrow: a tensor without axes has none to narrow")
    at = axis(dim, input._data.ndim)
    size = input._data.shape[at]
    if isinstance(start, Variable) and (start._data.shape or start._data.dtype.kind not in "iu"):
        raise DTypeError(
            f"narrow: start must be an integer, or a tensor without axes that holds one, not {start!r}"
        )
    first = index(start)
    if not -size <= first <= size or length < 0:
        raise IndexError_(
            f"narrow: from {first} on, {length} elements aren't within axis {at} of size {size}"
        )
    start = first + size if first < 0 else first
    if not 0 <= start <= start + length <= size:
        raise ShapeError(f"narrow: [{start}, {start + length}) isn't within axis {at} of size {size}")
    return viewed(ops.SLICE, input, ((*_ALL * at, slice(start, start + length)),))


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One index of an axis, which vanishes; a view."""
    return viewed(ops.SLICE, input, ((*_ALL * axis(dim, input._data.ndim), index),))


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """All indices of an axis, one tensor each."""
    at = axis(dim, input._data.ndim)
    before = _ALL * at
    keys = [(*before, k) for k in range(input._data.shape[at])]
    return viewed_in_pieces(ops.UNBIND, input, (at,), keys)


def split(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of `split_size` along an axis (the last may be smaller), or of the sizes given."""
    at = axis(dim, input._data.ndim)
    size = input._data.shape[at]
    if isinstance(split_size, int):
        if split_size <= 0:
            raise ShapeError(f"split: the size of a piece must be positive, not {split_size}")
        return _evenly_split(input, split_size, at)
    lengths = tuple(split_size)
    if sum(lengths) != size:
        raise ShapeError(f"split: sizes {list(lengths)} add up to {sum(lengths)}, and axis {at} has {size}")
    if min(lengths, default=0) < 0:
        raise ShapeError(f"split: no size may be negative, and the sizes are {list(lengths)}")
    before = _ALL * at
    keys = [(*before, slice(end - n, end)) for end, n in zip(accumulate(lengths), lengths, strict=True)]
    return viewed_in_pieces(ops.SPLIT, input, (lengths, at), keys)


def _evenly_split(x: Tensor, length: int, at: int) -> tuple[Tensor, ...]:
    before = _ALL * at
    keys = [(*before, slice(a, a + length)) for a in range(0, x._data.shape[at] or 1, length)]
    return viewed_in_pieces(ops.SPLIT, x, (length, at), keys)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal size along an axis (the last may be smaller)."""
    if chunks <= 0:
        raise ShapeError(f"chunk divides into at least one piece, not {chunks}")
    at = axis(dim, input._data.ndim)
    size = input._data.shape[at]
    # an empty axis divides into as many empty pieces as are asked for
    return _evenly_split(input, -(-size // chunks), at) if size else split(input, [0] * chunks, at)


def flip(input: Tensor, *axes_: Sizes, dims: Sequence[int] | None = None) -> Tensor:
    """Axes in reverse order; a copy."""
    named = sizes(axes_) if dims is None else tuple(dims)
    return unary(ops.FLIP, input, (axes(named, input._data.ndim) if named else (),))


def _need_matrices(name: str, x: Tensor) -> None:
    if x._data.ndim < 2:
        raise ShapeError(f"{name} takes matrices [..., M, N], not shape {x.shape}")


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """Matrices with zeros above a diagonal."""
    _need_matrices("tril", input)
    return unary(ops.TRIL, input, (diagonal,))


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """Matrices with zeros below a diagonal."""
    _need_matrices("triu", input)
    return unary(ops.TRIU, input, (diagonal,))


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with its own memory, through which gradients flow."""
    check_memory_format("clone", memory_format)
    return unary(CLONE, input)


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor in row-major memory, or with its channels innermost: itself, or a copy."""
    order = order_of("contiguous", memory_format, input.ndim)
    if input.is_contiguous(memory_format):
        return input
    if order is None:
        return unary(CLONE, input)
    inverse = [order.index(k) for k in range(input.ndim)]
    return permute(unary(CLONE, permute(input, *order)), *inverse)
