"""Where in its base a view lies: as a key of ints and slices, or as coordinates of its elements."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import NotDifferentiable

Array = npt.NDArray[Any]


def key_of(base: Array, view: Array) -> tuple[Any, ...] | None:
    """A key of ints, slices and None by which the base gives this view; None where there is no such key."""
    rest = _distance(base, view)
    if rest < 0:
        return None
    strides, shape = base.strides, base.shape
    # of an axis of size 1 the stride says nothing
    by_stride = sorted((a for a in range(base.ndim) if shape[a] > 1), key=lambda a: -strides[a])
    start = [0] * base.ndim
    for a in by_stride:
        if strides[a] <= 0:
            return None
        start[a], rest = divmod(rest, strides[a])
    key: list[Any] = list(start)
    found: list[Any] = []
    last = -1
    for n, stride in zip(view.shape, view.strides, strict=True):
        if n == 1:
            found.append(None)
            continue
        for a in by_stride:
            step, odd = divmod(stride, strides[a])
            if a > last and step > 0 and not odd and start[a] + (n - 1) * step < shape[a]:
                found.extend(key[last + 1 : a])
                found.append(slice(start[a], start[a] + (n - 1) * step + 1, step))
                last = a
                break
        else:
            return None
    found.extend(key[last + 1 :])
    made = base[(*found, Ellipsis)]
    same = made.shape == view.shape and _distance(view, made) == 0
    steps = zip(made.strides, view.strides, view.shape, strict=False)
    return tuple(found) if same and all(a == b for a, b, n in steps if n > 1) else None


def coordinates_of(base: Array, view: Array) -> list[Array]:
    """For each element of the view its place in the base: int64 arrays of the view's shape, one per axis."""
    # numbers in the order of the base's elements, laid out as its memory is
    numbers = np.empty_like(base, dtype=np.int64)
    numbers[...] = np.arange(base.size).reshape(base.shape)
    width = base.itemsize
    start = _distance(base, view)
    layouts = zip(base.strides, numbers.strides, base.shape, strict=True)
    if start < 0 or not base.shape or any(a * 8 != b * width for a, b, n in layouts if n > 1):
        raise NotDifferentiable(
            f"a view of shape {tuple(view.shape)} of a tensor of shape {tuple(base.shape)} whose memory "
            "isn't "
            "laid out densely can't be changed in place with a gradient; clone() the base first"
        )
    flat = np.lib.stride_tricks.as_strided(
        numbers.ravel(order="K")[start // width :], view.shape, [s // width * 8 for s in view.strides]
    )
    return [np.asarray(i) for i in np.unravel_index(flat, base.shape)]


def _distance(base: Array, view: Array) -> int:
    """How many bytes after the base's first element the view's first lies."""
    one, other = (x.__array_interface__["data"][0] for x in (base, view))
    return int(other - one)
