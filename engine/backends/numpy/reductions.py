"""Kernels that reduce axes. `dim` is a tuple of axes; one axis for max, min, softmax and cumsum."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.dtypes import SMOOTH_KINDS

Array = npt.NDArray[Any]
Dims = tuple[int, ...]
# the stubs of ufunc.reduce want keepdims as a literal
_add: Callable[..., Any] = np.add.reduce
_maximum: Callable[..., Any] = np.maximum.reduce
_minimum: Callable[..., Any] = np.minimum.reduce
_or: Callable[..., Any] = np.logical_or.reduce
_and: Callable[..., Any] = np.logical_and.reduce


def _count(x: Array, dim: Dims) -> int:
    count = 1
    for axis in dim:
        count *= x.shape[axis]
    return count


def sum_(x: Array, dim: Dims, keepdim: bool) -> Any:
    return _add(x, axis=dim, dtype=None if x.dtype.kind in SMOOTH_KINDS else np.int64, keepdims=keepdim)


def mean(x: Array, dim: Dims, keepdim: bool) -> Any:
    total = _add(x, axis=dim, keepdims=keepdim)
    return total / _count(x, dim)


def amax(x: Array, dim: Dims, keepdim: bool) -> Any:
    return _maximum(x, axis=dim, keepdims=keepdim)


def amin(x: Array, dim: Dims, keepdim: bool) -> Any:
    return _minimum(x, axis=dim, keepdims=keepdim)


def max_(x: Array, dim: int, keepdim: bool) -> tuple[Any, Any]:
    if x.ndim == 0:
        return np.array(x), np.zeros((), np.int64)
    # of NaN, both name the first
    return _maximum(x, axis=dim, keepdims=keepdim), x.argmax(dim, keepdims=keepdim)


def min_(x: Array, dim: int, keepdim: bool) -> tuple[Any, Any]:
    if x.ndim == 0:
        return np.array(x), np.zeros((), np.int64)
    return _minimum(x, axis=dim, keepdims=keepdim), x.argmin(dim, keepdims=keepdim)


def argmax(x: Array, dim: int, keepdim: bool) -> Any:
    return x.argmax(dim, keepdims=keepdim) if x.ndim else np.zeros((), np.int64)


def argmin(x: Array, dim: int, keepdim: bool) -> Any:
    return x.argmin(dim, keepdims=keepdim) if x.ndim else np.zeros((), np.int64)


def any_(x: Array, dim: Dims, keepdim: bool) -> Any:
    return _or(x, axis=dim, keepdims=keepdim)


def all_(x: Array, dim: Dims, keepdim: bool) -> Any:
    return _and(x, axis=dim, keepdims=keepdim)


def var(x: Array, dim: Dims, correction: float, keepdim: bool) -> Any:
    # two passes: the one-pass formula cancels where the mean is large
    centred = np.asarray(x - mean(x, dim, True))
    np.multiply(centred, centred, out=centred)
    total = _add(centred, axis=dim, keepdims=keepdim)
    return total / max(_count(x, dim) - correction, 0)


def std(x: Array, dim: Dims, correction: float, keepdim: bool) -> Any:
    return np.sqrt(var(x, dim, correction, keepdim))


def logsumexp(x: Array, dim: Dims, keepdim: bool) -> Any:
    top = _maximum(x, axis=dim, keepdims=True)
    # all -inf (or +inf in it): x - top would be NaN; with 0 in its place the limits come out
    top = np.where(np.isfinite(top), top, x.dtype.type(0))
    total = np.log(_add(np.exp(x - top), axis=dim, keepdims=True)) + top
    return total if keepdim else total.squeeze(dim)


def cumsum(x: Array, dim: int) -> Array:
    if x.ndim == 0:
        return np.array(x, x.dtype if x.dtype.kind in SMOOTH_KINDS else np.int64)
    return x.cumsum(dim, x.dtype if x.dtype.kind in SMOOTH_KINDS else np.int64)


def softmax(x: Array, dim: int) -> Array:
    if x.ndim == 0 or x.size == 0:
        return np.ones_like(x)
    out: Array = np.exp(x - _maximum(x, axis=dim, keepdims=True))
    out /= _add(out, axis=dim, keepdims=True)
    return out


def log_softmax(x: Array, dim: int) -> Array:
    if x.ndim == 0 or x.size == 0:
        return np.zeros_like(x)
    out: Array = x - _maximum(x, axis=dim, keepdims=True)
    out -= np.log(_add(np.exp(out), axis=dim, keepdims=True))
    return out


KERNELS: dict[str, Kernel] = {
    "sum": sum_,
    "mean": mean,
    "amax": amax,
    "amin": amin,
    "max": max_,
    "min": min_,
    "argmax": argmax,
    "argmin": argmin,
    "any": any_,
    "all": all_,
    "var": var,
    "std": std,
    "logsumexp": logsumexp,
    "cumsum": cumsum,
    "softmax": softmax,
    "log_softmax": log_softmax,
}
