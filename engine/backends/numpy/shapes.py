"""Kernels that rearrange elements."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Key = tuple[Any, ...]
# the stubs don't have its arguments by position, by which it is called in half the time
_spread: Callable[..., Any] = np.nditer
_SPREADING, _READING = ["multi_index", "refs_ok", "zerosize_ok"], [["readonly"]]


def expand(x: Array, shape: Shape) -> Array:
    # read-only, and rightly so: elements of the result share their memory. It is how np.broadcast_to makes
    # them, too, in a third of its time
    if shape and min(shape) < 0:
        raise ValueError("no size may be negative")
    view: Array = _spread((x,), _SPREADING, _READING, None, "C", "no", None, shape).itviews[0]
    return view


def flip(x: Array, dim: Shape) -> Array:
    return np.ascontiguousarray(np.flip(x, dim)) if x.ndim else np.array(x)


def cat(*args: Any) -> Array:
    return np.concatenate(args[:-1], args[-1])


def stack(*args: Any) -> Array:
    if args[-1] == 0:
        return np.array(args[:-1])
    key = (slice(None),) * args[-1] + (None,)
    return np.concatenate([x[key] for x in args[:-1]], args[-1])


def slice_(x: Array, key: Key) -> Any:
    out: Any = x[key]
    # a single element comes as a copied scalar; with an Ellipsis it is a view
    return out if out.__class__ is np.ndarray else x[(*key, Ellipsis)]


def slice_grad(x: Array, shape: Shape, key: Key) -> Array:
    out = np.zeros(shape, x.dtype)
    out[key] = x
    return out


def filled(key: Key, indices: tuple[Array, ...]) -> Key:
    """The key with each `True` in it replaced by the next index array."""
    if len(key) == 1:
        return indices or key
    rest = iter(indices)
    return tuple([next(rest) if part is True else part for part in key])


def index(x: Array, *args: Any) -> Any:
    return x[filled(args[-1], args[:-1])]


def index_grad(x: Array, *args: Any) -> Array:
    *indices, shape, key = args
    out = np.zeros(shape, x.dtype)
    np.add.at(out, filled(key, tuple(indices)), x)
    return out


def gather(x: Array, index: Array, dim: int) -> Array:
    return x[places(x, index, dim)]


def scatter_add(x: Array, index: Array, source: Array, dim: int) -> Array:
    out = np.array(x)
    np.add.at(out, places(x, index, dim), source)
    return out


def places(x: Array, index: Array, dim: int) -> tuple[Array, ...]:
    """For each element of `index` its coordinates in x, which has as many axes; `dim`'s is the element."""
    if index.ndim != x.ndim:
        raise ValueError("the index must have as many axes as the tensor")
    # argmin takes a fraction of min's time
    if index.size and index.flat[index.argmin()] < 0:
        raise IndexError(f"index {index.min()} is negative")
    found = []
    for axis, n in enumerate(index.shape):
        along = (1,) * axis + (n,) + (1,) * (index.ndim - axis - 1)
        found.append(index if axis == dim else np.arange(n).reshape(along))
    return tuple(found)


def tril(x: Array, diagonal: int) -> Array:
    return np.tril(x, diagonal)


def triu(x: Array, diagonal: int) -> Array:
    return np.triu(x, diagonal)


def nonzero(x: Array) -> Array:
    if x.ndim == 0:
        return np.argwhere(x)
    axes = x.nonzero()
    # each axis' places side by side, as they are taken one axis at a time
    out = np.empty((x.ndim, len(axes[0])), np.int64)
    for axis, places in enumerate(axes):
        out[axis] = places
    return out.T


KERNELS: dict[str, Kernel] = {
    "reshape": np.ndarray.reshape,
    "permute": np.ndarray.transpose,
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
