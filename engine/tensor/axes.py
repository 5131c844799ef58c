"""Axes and sizes as users write them, made explicit."""

from collections.abc import Sequence
from operator import index
from typing import Any

from engine.errors import IndexError_, ShapeError

Dim = int | Sequence[int] | None
# of `*shape: Sizes`: sizes one by one, or one sequence of them. Such a function may be given all as one
# sequence, and is so by the one that stands before it (refusals.py), which has them in a tuple already
Sizes = Any
# by number of axes, all of them
_EVERY = tuple([tuple(range(ndim)) for ndim in range(8)])


def axis(dim: int, ndim: int, extra: int = 0) -> int:
    """A non-negative axis; `extra` new axes may be named too. Without axes, a tensor counts as having one."""
    reach = ndim + extra or 1
    at = index(dim)
    if -reach <= at < reach:
        return at % reach
    raise IndexError_(f"axis {at} is out of range; with {ndim} axes it must be in [{-reach}, {reach - 1}]")


def axes(dim: Dim, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction reduces, sorted; None and () mean all."""
    if dim is None:
        return _EVERY[ndim] if ndim < len(_EVERY) else tuple(range(ndim))
    if isinstance(dim, int):
        return (axis(dim, ndim),) if ndim else (axis(dim, ndim),)[:0]
    named = [axis(d, ndim) for d in dim]
    if len(set(named)) != len(named):
        raise ShapeError(f"an axis appears twice in {tuple(dim)}")
    if not named or ndim == 0:
        return tuple(range(ndim))
    return tuple(sorted(named))


def sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one, or as one sequence, which may be packed once more."""
    for _ in (1, 2):
        if len(args) != 1 or args[0].__class__ is int or not hasattr(args[0], "__iter__"):
            break
        args = tuple(args[0])
    for n in args:
        if n.__class__ is not int:
            return tuple(map(index, args))
    return args


def shape_of(args: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes of a new tensor: none may be negative."""
    out = sizes(args)
    if out and min(out) < 0:
        raise ShapeError(f"a tensor can't have the shape {out}: no size may be negative")
    return out


def inferred(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape in which one -1 stands for whatever makes it `size` elements."""
    if -1 not in shape:
        return shape
    if shape == (-1,):
        return (size,)
    known = 1
    for n in shape:
        known *= n if n != -1 else 1
    if shape.count(-1) > 1 or min(shape) < -1:
        raise ShapeError(f"only one size of {shape} may be left open, with -1")
    if known == 0 or size % known:
        raise ShapeError(f"{size} elements can't be arranged as {shape}: {known} doesn't divide {size}")
    return tuple([size // known if n == -1 else n for n in shape])
