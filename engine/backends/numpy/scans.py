"""Kernels of norms, of running sums in log space, and of the parts of a number."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]


def vector_norm(x: Array, p: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    size = np.absolute(x)
    if p == math.inf:
        return np.max(size, dim, keepdims=keepdim)
    if p == -math.inf:
        return np.min(size, dim, keepdims=keepdim)
    if p == 0:
        return np.sum(size != 0, dim, size.dtype, keepdims=keepdim)
    if p == 1:
        return np.sum(size, dim, keepdims=keepdim)
    if p == 2:
        return np.sqrt(np.sum(np.square(size), dim, keepdims=keepdim))
    return np.power(np.sum(np.power(size, p), dim, keepdims=keepdim), 1 / p, dtype=size.dtype)


def logcumsumexp(x: Array, dim: int) -> Array:
    return np.logaddexp.accumulate(x, dim) if x.ndim else np.array(x)


def _weighted(g: Array, exponent: Array, dim: int) -> tuple[Array, Array]:
    """log of the running sums of g exp(exponent), of the positive and of the negative parts of g."""
    # in float64: far from 0, exponents in float32 have no digits left for the differences that count
    size = np.log(np.absolute(g)) + exponent.astype(np.float64)
    parts = np.where(g > 0, size, -np.inf), np.where(g < 0, size, -np.inf)
    up, down = (np.logaddexp.accumulate(part, dim) for part in parts)
    return up, down


def logcumsumexp_sum(g: Array, x: Array, out: Array, dim: int) -> Array:
    if g.ndim == 0:
        return np.asarray(g * np.exp(x - out))
    up, down = _weighted(g, x, dim)
    # out is -inf only while every x so far is, and then exp(x) is 0 whatever stands here
    base = np.where(np.isneginf(out), x.dtype.type(0), out)
    return np.asarray(np.exp(up - base) - np.exp(down - base), g.dtype)


def logcumsumexp_grad(g: Array, x: Array, out: Array, dim: int) -> Array:
    if g.ndim == 0:
        return np.asarray(g * np.exp(x - out))
    base = np.where(np.isneginf(out), x.dtype.type(0), out)
    up, down = _weighted(np.flip(g, dim), -np.flip(base, dim), dim)
    return np.asarray(np.exp(np.flip(up, dim) + x) - np.exp(np.flip(down, dim) + x), g.dtype)


def frexp(x: Array) -> tuple[Array, Array]:
    mantissa, exponent = np.frexp(x)
    return np.asarray(mantissa), np.asarray(exponent, np.int32)


KERNELS: dict[str, Kernel] = {
    "vector_norm": vector_norm,
    "logcumsumexp": logcumsumexp,
    "logcumsumexp_grad": logcumsumexp_grad,
    "logcumsumexp_sum": logcumsumexp_sum,
    "frexp": frexp,
}
