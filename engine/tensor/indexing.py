"""x[key] and x[key] = value, with ints, slices, None, Ellipsis, integer tensors and masks, as in NumPy."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from engine.autograd.mode import MODE, no_grad
from engine.autograd.tape import Variable, apply, overwrite, unary, viewed, wrap
from engine.autograd.views import assigned, check_writable
from engine.backends.meta.array import sliced
from engine.dtypes import SMOOTH_KINDS, of
from engine.errors import DTypeError, IndexError_, ShapeError
from engine.ops import shapes as ops
from engine.ops.updates import ASSIGN
from engine.tensor.arithmetic import where
from engine.tensor.axes import axis
from engine.tensor.promotion import cast, check_fits, constant, operand

__all__ = [
    "gather",
    "index_select",
    "masked_fill",
    "masked_select",
    "nonzero",
    "scatter_add",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def getitem(input: Tensor, key: Any) -> Tensor:
    """The selection: a view for ints and slices, a copy where an index tensor or mask takes part."""
    key = key if key.__class__ is tuple else (key,)
    if _is_basic(key):
        return viewed(ops.SLICE, input, (key,))
    if len(key) == 1 and isinstance(key[0], Variable):
        places = key[0]._data
        if places.dtype.kind == "i" and places.shape:
            return apply(ops.INDEX, (input, key[0]), ((True,),))  # type: ignore[return-value]  # a Tensor
        whole = places.dtype.kind == "b" and len(places.shape) > 1 and places.shape == input._data.shape
        if whole and input.is_contiguous():
            # one coordinate is found and looked up more quickly than several
            return getitem(input.reshape(-1), key[0].reshape(-1))  # type: ignore[attr-defined]  # a Tensor
    input, key = _lone_masks(input, key)
    indices, parts = _parts(input, key)
    if not indices:
        return viewed(ops.SLICE, input, (parts,))
    base, places = _basic_first(input, parts)
    operands: tuple[Tensor, ...] = (base, *indices)
    return apply(ops.INDEX, operands, (places,))


def setitem(input: Tensor, key: Any, value: Any) -> None:
    """Overwrite a selection. Gradients flow to value, and no longer to what was overwritten."""
    source = cast(operand_tensor(value, input), input.dtype)
    recorded = MODE.enabled and (input._requires or source._requires)
    check_writable(input, "x[key] = value", recorded)
    key = key if key.__class__ is tuple else (key,)
    indices: list[Any] = []
    target, places = input, key
    if not _is_basic(key):
        with no_grad():
            input, key = _lone_masks(input, key)
        indices, places = _parts(input, key)
        target = input
        if indices:
            with no_grad():
                target, places = _basic_first(input, places)
    shape = source._data.shape
    if shape and shape[0] == 1:
        # as in NumPy, axes of size 1 in front of the selection's are no obstacle
        count = len(sliced(target._data.shape, places, tuple(i._data.shape for i in indices)))
        while len(shape) > count and shape[0] == 1:
            shape = shape[1:]
        source = source.reshape(shape)
    overwrite(ASSIGN, (target, source, *indices), (places,))
    if recorded:
        assigned(target, source, tuple(indices), places)


def _is_basic(key: tuple[Any, ...]) -> bool:
    """Whether a key is such as most are: ints, whole slices and such without a step, None, one Ellipsis."""
    ellipses = 0
    for part in key:
        kind = part.__class__
        if kind is slice:
            if part.step is not None:
                return False
            start, stop = part.start, part.stop
            if (start is not None and start.__class__ is not int) or (
                stop is not None and stop.__class__ is not int
            ):
                return False
        elif part is Ellipsis:
            ellipses += 1
        elif kind is not int and part is not None:
            return False
    return ellipses < 2


def _lone_masks(x: Tensor, key: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
    """Bring a key's single bools to a form of which the rest knows.

    Each stands for a new axis of size 1 or, where it is False, 0; what comes back is the view with these
    axes, and index tensors for them.
    """
    if True not in [_is_lone_mask(part) for part in key]:
        return x, key
    made = list(key)
    if not any(part is Ellipsis for part in made):
        made.append(Ellipsis)
    for position, part in enumerate(made):
        if not _is_lone_mask(part):
            continue
        before = made[:position]
        if any(each is Ellipsis for each in before):
            at = len(x._data.shape) - sum(_reach(each) for each in made[position + 1 :])
        else:
            at = sum(_reach(each) for each in before)
        x = viewed(ops.SLICE, x, ((*[slice(None)] * at, None, Ellipsis),))
        made[position] = wrap(x._device.backend.from_numpy(np.zeros(int(bool(part)), np.int64)), x._device)
    return x, tuple(made)


def _is_lone_mask(part: Any) -> bool:
    if isinstance(part, Variable):
        return not part._data.shape and part._data.dtype.kind == "b"
    return isinstance(part, (bool, np.bool_))


def _basic_first(x: Tensor, parts: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
    """Apply a key's ints, slices, None and Ellipsis, as PyTorch does before it looks at index tensors.

    Returns the view, and a key of it in which only whole axes and index tensors remain.
    """
    if False not in [part is True for part in parts]:
        return x, parts
    whole = slice(None)
    basic = tuple(whole if part is True else part for part in parts)
    skipped = len(x._data.shape) - sum(part is not None and part is not Ellipsis for part in parts)
    places: list[Any] = []
    for part in parts:
        if part is Ellipsis:
            places.extend([whole] * skipped)
        elif type(part) is not int:
            places.append(True if part is True else whole)
    view = x if all(part == whole for part in basic) else viewed(ops.SLICE, x, (basic,))
    return view, tuple(places)


def _parts(x: Tensor, key: tuple[Any, ...]) -> tuple[list[Any], tuple[Any, ...]]:
    """The index tensors of a key, and the key with True in their places."""
    indices: list[Any] = []
    parts: list[Any] = []
    for position, part in enumerate(key):
        if part is None or part is Ellipsis or type(part) is int:
            parts.append(part)
        elif isinstance(part, slice):
            parts.append(_slice(part))
        elif isinstance(part, np.integer):
            parts.append(int(part))
        elif _is_single_integer(part):
            # as in PyTorch it selects as a number does, so the result is a view; on meta any will do
            parts.append(int(part) if part._device.type != "meta" else 0)
        else:
            for each in _index_tensors(x, part, key, position):
                indices.append(each)
                parts.append(True)
    if parts.count(Ellipsis) > 1:
        raise IndexError_("only one ... may stand in an index")
    return indices, tuple(parts)


def _is_single_integer(part: Any) -> bool:
    return isinstance(part, Variable) and not part._data.shape and part._data.dtype.kind in "iu"


def _slice(part: slice) -> slice:
    start, stop, step = (None if n is None else index(n) for n in (part.start, part.stop, part.step))
    if step is not None and step <= 0:
        raise IndexError_(f"a slice's step must be positive, not {step}; use flip() to reverse an axis")
    return slice(start, stop, step)


def _index_tensors(x: Tensor, part: Any, key: tuple[Any, ...], position: int) -> list[Any]:
    """Integer tensors for one part of a key: itself, or the coordinates of a mask's true elements."""
    if not isinstance(part, Variable):
        try:
            array = np.asarray(part)
        except ValueError as error:
            raise IndexError_(f"{part!r} is no index: {error}") from None
        if array.size == 0:
            array = array.astype(np.int64)
        if array.dtype.kind not in "iub":
            raise IndexError_(
                f"indices must be integers or a mask, not {type(part).__name__} of {array.dtype}"
            )
        part = wrap(x._device.backend.from_numpy(array), x._device)
    kind = part._data.dtype.kind
    if kind == "u" and part._data.dtype.itemsize == 1:
        raise IndexError_(
            "a uint8 index may be meant as numbers or as a mask; convert it with .long() or .bool()"
        )
    if kind == "b":
        _check_mask(x, part._data.shape, key, position)
        return _coordinates(part)
    if kind in SMOOTH_KINDS:
        raise DTypeError(f"a tensor of {part.dtype} is no index; indices are integers, or a bool mask")
    return [part]


def _check_mask(x: Tensor, mask: tuple[int, ...], key: tuple[Any, ...], position: int) -> None:
    """A mask must have the sizes of the axes for which it stands; coordinates alone wouldn't tell."""
    shape = tuple(x._data.shape)
    if any(part is Ellipsis for part in key[:position]):
        start = len(shape) - sum(_reach(part) for part in key[position:])
    else:
        start = sum(_reach(part) for part in key[:position])
    if shape[start : start + len(mask)] != tuple(mask):
        last = start + len(mask) - 1
        axes = f"axis {start}" if last <= start else f"axes {start} to {last}"
        raise IndexError_(
            f"a mask of shape {tuple(mask)} doesn't fit {axes} of a tensor of shape {shape}; it must have "
            "the "
            "sizes of the axes that it selects from"
        )


def _reach(part: Any) -> int:
    """How many axes a part of a key stands for."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, Variable):
        return len(part._data.shape) if part._data.dtype.kind == "b" else 1
    if isinstance(part, list | tuple | np.ndarray):
        array = np.asarray(part)
        return array.ndim if array.dtype.kind == "b" else 1
    return 1


def _coordinates(mask: Any) -> list[Any]:
    found = unary(ops.NONZERO, mask)
    return [viewed(ops.SLICE, found, ((slice(None), k),)) for k in range(len(mask._data.shape))]


@overload
def nonzero(input: Tensor, *, as_tuple: Literal[False] = False) -> Tensor: ...
@overload
def nonzero(input: Tensor, *, as_tuple: Literal[True]) -> tuple[Tensor, ...]: ...
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """int64 [count, axes]: where the elements aren't zero, row by row; as_tuple: a vector per axis."""
    if not as_tuple:
        return unary(ops.NONZERO, input)
    return tuple(_coordinates(input if input.ndim else input.reshape(1)))


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where mask holds, flat."""
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return getitem(input.expand(shape).reshape(-1), mask.expand(shape).reshape(-1))


def masked_fill(input: Tensor, mask: Tensor, value: Tensor | bool | int | float | complex) -> Tensor:
    """`value` (a number, or a tensor without axes) where mask holds, else input."""
    if isinstance(value, Variable) and value._data.shape:
        raise ShapeError(
            f"masked_fill: value must be a number or a tensor without axes, not {value._data.shape}; "
            "where() takes a tensor of values"
        )
    kind = (
        value._data.dtype.kind if isinstance(value, Variable) else "c" if isinstance(value, complex) else ""
    )
    if kind == "c" and input._data.dtype.kind != "c":
        raise DTypeError(f"masked_fill: {value!r} is complex and can't be stored in {input.dtype}")
    if not isinstance(value, Variable):
        check_fits("masked_fill", value, input.dtype)
    return where(mask, cast(operand_tensor(value, input), input.dtype), input)


def operand_tensor(value: Any, like: Tensor) -> Tensor:
    """A number as a tensor of `like`'s dtype; a tensor as it is."""
    given = operand(value, like)
    if isinstance(given, Variable):
        return given  # type: ignore[return-value]  # whatever is a Variable here is a Tensor
    return constant(given, like.dtype, like._device)


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Along `dim`, the elements at a vector of indices."""
    if input._data.ndim == 0:
        return getitem(input.reshape(1), (index,)).reshape(())
    index = index.reshape(-1) if index._data.ndim == 0 else index
    return getitem(input, (slice(None),) * axis(dim, input._data.ndim) + (index,))


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on; out has index's shape."""
    at = axis(dim, input._data.ndim)
    if input._data.ndim == 0 or index._data.ndim == 0:
        # a scalar counts as a vector of one
        return apply(ops.GATHER, (input.reshape(-1), index.reshape(-1)), (0,)).reshape(index.shape)
    if index._data.size == 0:
        return (input.reshape(-1)[:0]).reshape(index.shape)
    return apply(ops.GATHER, (input, index), (at,))


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """input with src added at index along `dim`: the adjoint of gather. src may reach beyond index."""
    if src._data.dtype != input._data.dtype:
        raise DTypeError(
            f"scatter_add: input is {input.dtype} and src {of(src._data.dtype)}; make them the same"
        )
    if src._data.shape != index._data.shape and src._data.ndim == index._data.ndim:
        src = getitem(src, tuple(slice(n) for n in index._data.shape))
    return apply(ops.SCATTER_ADD, (input, index, src), (axis(dim, input._data.ndim),))
