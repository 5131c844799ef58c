"""An array of which only shape and dtype exist, and the shape rules that kernels share."""

from typing import Any

import numpy as np

from engine.errors import IndexError_, ShapeError

Shape = tuple[int, ...]


class MetaArray:
    """Shape and dtype; no memory."""

    __slots__ = ("dtype", "shape")
    base = None  # it is never a view of memory, having none

    def __init__(self, shape: Shape, dtype: Any) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return count(self.shape)

    def __repr__(self) -> str:
        return f"MetaArray({self.shape}, {self.dtype})"


def count(shape: Shape) -> int:
    """The number of elements in a shape."""
    total = 1
    for n in shape:
        total *= n
    return total


def broadcast(op: str, *shapes: Shape) -> Shape:
    """The shape that all of them broadcast to; raises ShapeError naming the axis where they don't."""
    out: list[int] = []
    for axis in range(-max((len(s) for s in shapes), default=0), 0):
        sizes = {s[axis] for s in shapes if len(s) >= -axis} - {1}
        if len(sizes) > 1:
            given = " and ".join(str(s) for s in shapes)
            raise ShapeError(
                f"{op}: shapes {given} don't broadcast: axis {axis} has sizes "
                f"{' and '.join(str(n) for n in sorted(sizes))}; they must be equal, or 1"
            )
        out.append(sizes.pop() if sizes else 1)
    return tuple(out)


def fits(shape: Shape, into: Shape) -> bool:
    """Whether a shape broadcasts to exactly another."""
    lead = len(into) - len(shape)
    return lead >= 0 and all(n in (1, m) for n, m in zip(shape, into[lead:], strict=True))


def reduced(shape: Shape, dim: tuple[int, ...], keepdim: bool) -> Shape:
    """The shape after the axes `dim` were reduced."""
    if keepdim:
        return tuple(1 if axis in dim else n for axis, n in enumerate(shape))
    return tuple(n for axis, n in enumerate(shape) if axis not in dim)


def sliced(shape: Shape, key: tuple[Any, ...], indices: tuple[Shape, ...] = ()) -> Shape:
    """The shape of x[key], by NumPy's rules; each True in `key` stands for the next of the index arrays."""
    named = sum(1 for part in key if part is not None and part is not Ellipsis)
    if named > len(shape):
        raise IndexError_(f"{named} indices are too many for a tensor of shape {shape}")
    if Ellipsis in key:
        at = key.index(Ellipsis)
        key = (*key[:at], *([slice(None)] * (len(shape) - named)), *key[at + 1 :])
    else:
        key = (*key, *([slice(None)] * (len(shape) - named)))
    advanced = any(part is True for part in key)
    # an int beside index arrays takes part in their broadcast, and in the rule of where its axes go
    places = [k for k, part in enumerate(key) if part is True or (advanced and type(part) is int)]
    joined = broadcast("index", *indices) if indices else ()
    together = bool(places) and places == list(range(places[0], places[-1] + 1))
    out: list[int] = []
    axis = 0
    for k, part in enumerate(key):
        if together and k == places[0]:
            out.extend(joined)
        if part is None:
            out.append(1)
            continue
        if isinstance(part, slice):
            out.append(len(range(*part.indices(shape[axis]))))
        elif part is not True and not -shape[axis] <= part < shape[axis]:
            raise IndexError_(f"index {part} is out of range for axis {axis} of size {shape[axis]}")
        axis += 1
    return tuple(out) if together or not places else (*joined, *out)
