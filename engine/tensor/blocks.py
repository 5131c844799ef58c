"""Rearrangements composed of the simpler ones: stacking, splitting, repeating, rolling, grids."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations as _combinations
from itertools import combinations_with_replacement
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.autograd.tape import Variable, unary
from engine.errors import DTypeError, IndexError_, ShapeError
from engine.ops.scattering import WINDOWS
from engine.tensor.axes import Sizes, axis, sizes
from engine.tensor.creation import new_zeros, tensor
from engine.tensor.indexing import getitem
from engine.tensor.shapes import (
    cat,
    chunk,
    expand,
    flip,
    narrow,
    repeat,
    reshape,
    split,
    stack,
    transpose,
    unsqueeze,
)

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_tensors",
    "cartesian_prod",
    "column_stack",
    "combinations",
    "dsplit",
    "dstack",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "ravel",
    "repeat_interleave",
    "roll",
    "rot90",
    "split_with_sizes",
    "tensor_split",
    "tile",
    "unsafe_chunk",
    "unsafe_split",
    "vsplit",
    "vstack",
]


def given(tensors: tuple[Any, ...]) -> list[Tensor]:
    """Tensors given one by one, or as one sequence."""
    if len(tensors) == 1 and not isinstance(tensors[0], Variable):
        return list(tensors[0])
    return list(tensors)


def _each(tensors: tuple[Any, ...], least: int) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], Variable):
        return _at_least(tensors[0], least)  # type: ignore[arg-type]  # whatever is a Variable is a Tensor
    return tuple(_at_least(x, least) for x in given(tensors))


def _at_least(x: Tensor, least: int) -> Tensor:
    if x.ndim >= least:
        return x
    if least == 3:
        return unsqueeze(_at_least(x, 2), 2)
    return reshape(x, (1,) * (least - x.ndim) + x.shape)


def atleast_1d(*tensors: Any) -> Any:
    """A scalar as [1]."""
    return _each(tensors, 1)


def atleast_2d(*tensors: Any) -> Any:
    """A vector of n as [1, n]."""
    return _each(tensors, 2)


def atleast_3d(*tensors: Any) -> Any:
    """A vector of n as [1, n, 1], a matrix with a last axis of 1."""
    return _each(tensors, 3)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side along the second axis; vectors along the first."""
    if not tensors:
        raise ShapeError("hstack needs at least one tensor")
    found = [_at_least(x, 1) for x in tensors]
    return cat(found, 0 if found[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Row under row: along the first axis, vectors as rows."""
    return cat([_at_least(x, 2) for x in tensors], 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Along the third axis."""
    return cat([_at_least(x, 3) for x in tensors], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """As hstack, with vectors as columns."""
    return hstack([reshape(x, (-1, 1)) if x.ndim <= 1 else x for x in tensors])


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """That many pieces of about equal size, or pieces that end at the indices."""
    if isinstance(indices_or_sections, Variable):
        indices_or_sections = indices_or_sections._device.backend.to_numpy(indices_or_sections._data).tolist()
    at = axis(dim, input.ndim)
    size = input.shape[at]
    if isinstance(indices_or_sections, int):
        each, longer = divmod(size, indices_or_sections)
        parts = [each + 1] * longer + [each] * (indices_or_sections - longer)
        return split(input, parts, at)
    starts = [0, *indices_or_sections]
    ends = [*indices_or_sections, size]
    return tuple(
        getitem(input, (slice(None),) * at + (slice(a, b),)) for a, b in zip(starts, ends, strict=True)
    )


def _split_along(name: str, least: int, at: int, input: Tensor, parts: Any) -> tuple[Tensor, ...]:
    if input.ndim < least:
        raise ShapeError(f"{name} needs at least {least} axes, not shape {input.shape}")
    if isinstance(parts, int) and (parts <= 0 or input.shape[at] % parts):
        raise ShapeError(
            f"{name}: axis {at} of size {input.shape[at]} isn't divisible into {parts} equal parts; "
            "tensor_split makes uneven ones"
        )
    return tensor_split(input, parts, at)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along the second axis (the first of a vector), into equal parts."""
    return _split_along("hsplit", 1, 0 if input.ndim == 1 else 1, input, indices_or_sections)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along the first axis, into equal parts."""
    return _split_along("vsplit", 2, 0, input, indices_or_sections)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along the third axis, into equal parts."""
    return _split_along("dsplit", 3, 2, input, indices_or_sections)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of these sizes along an axis."""
    return split(input, list(split_sizes), dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    return split(input, split_size, dim)


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    return chunk(input, chunks, dim)


def ravel(input: Tensor) -> Tensor:
    """All elements in one axis."""
    return reshape(input, -1)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    return reshape(input, other.shape)


def tile(input: Tensor, *dims: Sizes) -> Tensor:
    """As repeat, but missing counts in front are 1."""
    times = sizes(dims)
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


def repeat_interleave(
    input: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element that many times in a row along `dim`; None: of the flattened tensor."""
    x = ravel(input) if dim is None else input
    at = axis(dim or 0, x.ndim)
    count = x.shape[at] if x.ndim else 1
    if isinstance(repeats, Variable):
        values = repeats._device.backend.to_numpy(repeats._data).reshape(-1).tolist()
    else:
        values = [repeats] if isinstance(repeats, int) else list(repeats)
    if len(values) == 1:
        values = values * count
    if len(values) != count:
        raise ShapeError(f"repeat_interleave: {len(values)} counts for an axis of size {count}")
    if any(index(times) < 0 for times in values):
        raise ShapeError(f"repeat_interleave: repeats must be at least 0, and the least is {min(values)}")
    if output_size is not None and output_size != sum(values):
        raise ShapeError(f"repeat_interleave: the result has {sum(values)} elements, not {output_size}")
    places = np.repeat(np.arange(count), values)
    if x.ndim == 0:
        x = reshape(x, 1)
    return getitem(x, (slice(None),) * at + (tensor(places, device=x.device),))


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """The elements moved by `shifts` along `dims`; what leaves at the end comes in at the front."""
    by = [shifts] if isinstance(shifts, int) else list(shifts)
    along = [] if dims is None else [dims] if isinstance(dims, int) else list(dims)
    if not along:
        if len(by) != 1:
            raise ShapeError(f"roll: {len(by)} shifts need as many axes in dims")
        return reshape(roll(ravel(input), by, 0), input.shape)
    if len(by) != len(along):
        raise ShapeError(f"roll: {len(by)} shifts and {len(along)} axes; there must be as many")
    if input.ndim == 0:
        raise IndexError_(f"roll: this tensor has no axes, and {along} are named")
    out = input
    for shift, dim in zip(by, along, strict=True):
        at = axis(dim, out.ndim)
        size = out.shape[at] if out.ndim else 0
        start = -shift % size if size else 0
        if start:
            out = cat([narrow(out, at, start, size - start), narrow(out, at, 0, start)], at)
    return out.clone() if out is input else out


def flipud(input: Tensor) -> Tensor:
    """The first axis reversed."""
    if input.ndim < 1:
        raise ShapeError("flipud needs at least one axis, and this tensor has none")
    return flip(input, 0)


def fliplr(input: Tensor) -> Tensor:
    """The second axis reversed."""
    if input.ndim < 2:
        raise ShapeError(f"fliplr needs at least two axes, not shape {input.shape}")
    return flip(input, 1)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by k quarters from the first of `dims` towards the second."""
    if len(dims) != 2 or input.ndim < 2:
        raise ShapeError(f"rot90 turns two axes of at least two, not {tuple(dims)} of shape {input.shape}")
    a, b = (axis(d, input.ndim) for d in dims)
    if a == b:
        raise ShapeError(f"rot90: the axes {tuple(dims)} must be different")
    if k % 4 == 0:
        return input.clone()
    if k % 4 == 2:
        return flip(input, a, b)
    return flip(transpose(input, a, b), a if k % 4 == 1 else b)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All expanded to the shape that they broadcast to."""
    found = given(tensors)
    rank = max(x.ndim for x in found)
    full = [(1,) * (rank - x.ndim) + x.shape for x in found]
    shape = tuple(next((n for n in column if n != 1), 1) for column in zip(*full, strict=True))
    return tuple(expand(x, shape) for x in found)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: one tensor per axis; "xy" exchanges the first two axes."""
    if indexing not in ("ij", "xy"):
        raise ShapeError(f"meshgrid: indexing must be 'ij' or 'xy', not {indexing!r}")
    vectors = [reshape(x, -1) for x in given(tensors)]
    grid = broadcast_tensors(
        [reshape(x, (1,) * k + (-1,) + (1,) * (len(vectors) - 1 - k)) for k, x in enumerate(vectors)]
    )
    return tuple(transpose(x, 0, 1) for x in grid) if indexing == "xy" and len(grid) > 1 else grid


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """[N1 N2 ..., count] with every choice of one element from each vector."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(x, -1) for x in meshgrid(*tensors)], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """[count, r] with every choice of r elements of a vector, in order."""
    if input.ndim != 1:
        raise ShapeError(f"combinations takes a vector, not shape {input.shape}")
    choose = combinations_with_replacement if with_replacement else _combinations
    rows = list(choose(range(input.shape[0]), r))
    if r == 0 or not rows:
        return reshape(getitem(input, slice(0, 0)), (0, r))
    return getitem(input, (tensor(rows, device=input.device),))


def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along the diagonal, zeros elsewhere; vectors count as rows."""
    blocks = [_at_least(x, 2) for x in tensors]
    if any(x.ndim != 2 for x in blocks):
        raise DTypeError("block_diag takes tensors of at most two axes")
    width = sum(x.shape[1] for x in blocks)
    rows, before = [], 0
    for x in blocks:
        left, right = before, width - before - x.shape[1]
        pieces = [new_zeros(x, x.shape[0], left), x, new_zeros(x, x.shape[0], right)]
        rows.append(cat(pieces, 1))
        before += x.shape[1]
    return cat(rows, 0)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` along an axis, `step` apart; they are the last axis of the result. A view.

    Where windows overlap, the result is read-only, as what expand() gives.
    """
    x = input if input.ndim else reshape(input, 1)
    at = axis(dimension, x.ndim)
    if not 0 <= size <= x.shape[at] or step <= 0:
        raise ShapeError(f"unfold: no window of {size} in steps of {step} fits an axis of {x.shape[at]}")
    out = unary(WINDOWS, x, (at, size, step))
    return out if input.ndim else getitem(out, 0)
