"""Kernels that rearrange elements."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.errors import ShapeError

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Key = tuple[Any, ...]


def reshape(x: Array, shape: Shape) -> Array:
    return x.reshape(shape)


def permute(x: Array, order: Shape) -> Array:
    return x.transpose(order)


def expand(x: Array, shape: Shape) -> Array:
    # as_strided by hand: broadcast_to gives read-only arrays, and is slow
    lead = len(shape) - x.ndim
    strides = (0,) * lead + tuple(
        0 if have == 1 and want != 1 else stride
        for have, want, stride in zip(x.shape, shape[lead:], x.strides, strict=True)
    )
    if lead < 0 or any(h not in (1, w) for h, w in zip(x.shape, shape[lead:], strict=True)):
        raise ShapeError(f"shape {x.shape} can't be expanded to {shape}")
    return np.lib.stride_tricks.as_strided(x, shape, strides)


def flip(x: Array, dim: Shape) -> Array:
    return np.ascontiguousarray(np.flip(x, dim)) if x.ndim else np.array(x)


def cat(*args: Any) -> Array:
    return np.concatenate(args[:-1], args[-1])


def stack(*args: Any) -> Array:
    return np.stack(args[:-1], args[-1])


def slice_(x: Array, key: Key) -> Any:
    return x[key]


def slice_grad(x: Array, shape: Shape, key: Key) -> Array:
    out = np.zeros(shape, x.dtype)
    out[key] = x
    return out


def filled(key: Key, indices: tuple[Array, ...]) -> Key:
    """The key with each `True` in it replaced by the next index array."""
    rest = iter(indices)
    return tuple(next(rest) if part is True else part for part in key)


def index(x: Array, *args: Any) -> Any:
    return x[filled(args[-1], args[:-1])]


def index_grad(x: Array, *args: Any) -> Array:
    *indices, shape, key = args
    out = np.zeros(shape, x.dtype)
    np.add.at(out, filled(key, tuple(indices)), x)
    return out


def gather(x: Array, index: Array, dim: int) -> Array:
    if x.ndim == 0:
        return x.reshape(1)[index]
    return x[_places(index, dim)]


def scatter_add(x: Array, index: Array, source: Array, dim: int) -> Array:
    out = np.array(x)
    if x.ndim == 0:
        out += source
        return out
    np.add.at(out, _places(index, dim), source)
    return out


def _places(index: Array, dim: int) -> tuple[Array, ...]:
    """For each element of `index` its coordinates in a tensor of as many axes, `dim` from the index."""
    if index.size and index.min() < 0:
        raise IndexError(f"index {index.min()} is negative")
    grid = np.ogrid[tuple(slice(n) for n in index.shape)]
    return tuple(index if axis == dim else g for axis, g in enumerate(grid))


def tril(x: Array, diagonal: int) -> Array:
    return np.tril(x, diagonal)


def triu(x: Array, diagonal: int) -> Array:
    return np.triu(x, diagonal)


def nonzero(x: Array) -> Array:
    return np.argwhere(x)


KERNELS: dict[str, Kernel] = {
    "reshape": reshape,
    "permute": permute,
    "expand": expand,
    "flip": flip,
    "cat": cat,
    "stack": stack,
    "slice": slice_,
    "slice_grad": slice_grad,
    "index": index,
    "index_grad": index_grad,
    "gather": gather,
    "scatter_add": scatter_add,
    "tril": tril,
    "triu": triu,
    "nonzero": nonzero,
}
