"""Rows of the ops that pick elements by index, and of those that put them back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.backends.native.rows import FLOAT32, INT64, MOST_AXES, Array, Native, Row

COPIED = frozenset(map(np.dtype, (np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_)))
Shape = tuple[int, ...]


def _one_run(x: Array, first: int) -> bool:
    """Whether the axes from `first` on lie in memory as one axis would."""
    expected = None
    for n, step in zip(x.shape[: first - x.ndim - 1 : -1], x.strides[: first - x.ndim - 1 : -1], strict=True):
        if n == 1:
            continue
        if expected is not None and step != expected:
            return False
        expected = step * n
    return True


def _form(x_shape: Shape, indices: tuple[Array, ...], key: tuple[Any, ...]) -> tuple[int, list[Array]] | None:
    """How many axes stand before those that are indexed, and the indices in one shape.

    None where the indexed axes aren't neighbours, or the indices no int64.
    """
    lead = key.index(True)
    several = len(indices)
    if key[lead : lead + several] != (True,) * several or any(each.dtype is not INT64 for each in indices):
        return None
    try:
        together = indices if several == 1 else np.broadcast_arrays(*indices)
    except ValueError:
        return None
    fits = together[0].size > 0 and 0 not in x_shape and together[0].ndim + len(x_shape) <= MOST_AXES
    return (lead, list(together)) if fits else None


def index(x: Array, *args: Any) -> Native | None:
    *indices, key = args
    form = _form(x.shape, tuple(indices), key)
    if form is None or x.dtype not in COPIED:
        return None
    lead, together = form
    behind = lead + len(together)
    if not _one_run(x, behind):
        return None
    shape = (*x.shape[:lead], *together[0].shape, *x.shape[behind:])
    ints = (lead, len(together), True, *x.shape[lead:behind])
    return Native("index", (x, *together), ((shape, x.dtype),), ints)


def index_grad(g: Array, *args: Any) -> Native | None:
    *indices, shape, key = args
    form = _form(shape, tuple(indices), key)
    if form is None or g.dtype is not FLOAT32:
        return None
    lead, together = form
    behind = lead + len(together)
    if not _one_run(g, lead + together[0].ndim):
        return None
    ints = (lead, len(together), True, *shape[lead:behind], False, -1)
    return Native("index_grad", (g, *together), ((shape, FLOAT32),), ints)


def embedding(weight: Array, indices: Array, padding_idx: int | None, by_frequency: bool) -> Native | None:
    form = _form(weight.shape, (indices,), (True,))
    if form is None or weight.dtype is not FLOAT32:
        return None
    shape = (*indices.shape, weight.shape[1])
    return Native("index", (weight, indices), ((shape, FLOAT32),), (0, 1, False, weight.shape[0]))


def embedding_grad(
    g: Array, indices: Array, rows: int, padding_idx: int | None, by_frequency: bool
) -> Native | None:
    shape = (rows, g.shape[-1])
    form = _form(shape, (indices,), (True,))
    if form is None or g.dtype is not FLOAT32:
        return None
    left_out = -1 if padding_idx is None else padding_idx
    ints = (0, 1, False, rows, by_frequency, left_out)
    return Native("index_grad", (g, indices), ((shape, FLOAT32),), ints)


def _along(x: Array, index: Array) -> bool:
    same = x.ndim == index.ndim and 0 < x.ndim <= MOST_AXES and index.dtype is INT64
    return same and x.size > 0 and index.size > 0


def _within(x: Array, index: Array, dim: int) -> bool:
    return all(axis == dim or n <= x.shape[axis] for axis, n in enumerate(index.shape))


def gather(x: Array, index: Array, dim: int) -> Native | None:
    if not _along(x, index) or not _within(x, index, dim) or x.dtype not in COPIED:
        return None
    return Native("gather", (x, index), ((index.shape, x.dtype),), (dim,))


def _scattered(name: str, x: Array, index: Array, source: Array, dim: int) -> Native | None:
    if not _along(x, index) or not _within(x, index, dim) or index.shape != source.shape:
        return None
    if source.dtype is not x.dtype or not x.flags.c_contiguous:
        return None
    return Native(name, (x, index, source), ((x.shape, x.dtype),), (dim,))


def scatter(x: Array, index: Array, source: Array, dim: int) -> Native | None:
    return _scattered("scatter", x, index, source, dim) if x.dtype in COPIED else None


def scatter_add(x: Array, index: Array, source: Array, dim: int) -> Native | None:
    return _scattered("scatter_add", x, index, source, dim) if x.dtype is FLOAT32 else None


def _amid_zeros(x: Array, shape: Shape, view: Callable[[Array], Any]) -> Native | None:
    """x in the midst of zeros of a shape, where the view of them lies."""
    if x.dtype is not FLOAT32 or x.ndim == 0 or x.size == 0:
        return None
    # an array that is never touched shows where the view leads
    zeros = np.empty(shape, FLOAT32)
    part = view(zeros)
    if not isinstance(part, np.ndarray) or part.shape != x.shape:
        return None
    start = (part.ctypes.data - zeros.ctypes.data) // 4
    return Native("slice_grad", (x,), ((shape, FLOAT32),), (start, *[step // 4 for step in part.strides]))


def slice_grad(x: Array, shape: Shape, key: tuple[Any, ...]) -> Native | None:
    return _amid_zeros(x, shape, lambda zeros: zeros[key])


def diagonal_grad(x: Array, shape: Shape, offset: int, dim1: int, dim2: int) -> Native | None:
    return _amid_zeros(x, shape, lambda zeros: zeros.diagonal(offset, dim1, dim2))


def pad(x: Array, widths: tuple[tuple[int, int], ...], value: float) -> Native | None:
    if value != 0 or min(min(pair) for pair in widths) < 0:
        return None
    every = ((0, 0),) * (x.ndim - len(widths)) + tuple(widths)
    shape = tuple([before + n + after for n, (before, after) in zip(x.shape, every, strict=True)])
    key = tuple([slice(before, before + n) for n, (before, _) in zip(x.shape, every, strict=True)])
    return _amid_zeros(x, shape, lambda zeros: zeros[key])


ROWS: dict[str, Row] = {
    "embedding": embedding,
    "embedding_grad": embedding_grad,
    "gather": gather,
    "index": index,
    "index_grad": index_grad,
    "scatter": scatter,
    "scatter_add": scatter_add,
    "slice_grad": slice_grad,
    "diagonal_grad": diagonal_grad,
    "pad": pad,
}
