"""Kernels that make arrays from nothing."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.dtypes import DType

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def empty(shape: Shape, dtype: DType) -> Array:
    return np.empty(shape, dtype.numpy)


def full(shape: Shape, value: float, dtype: DType) -> Array:
    # zeros() takes fresh pages as the system gives them; -0.0 is something else
    if isinstance(value, int) and value == 0:
        return np.zeros(shape, dtype.numpy)
    out = np.empty(shape, dtype.numpy)
    # what doesn't fit an integer dtype wraps around
    out.fill(value if out.dtype.kind not in "iu" else np.asarray(value).astype(out.dtype)[()])
    return out


def arange(start: float, step: float, length: int, dtype: DType) -> Array:
    if dtype.is_floating_point:
        return (start + np.arange(length, dtype=np.float64) * step).astype(dtype.numpy)
    start, step = int(start), int(step)
    return np.arange(start, start + length * step, step).astype(dtype.numpy, copy=False)


def linspace(start: float, end: float, steps: int, dtype: DType) -> Array:
    if dtype.numpy.kind not in "iu":
        return np.linspace(start, end, steps, dtype=dtype.numpy)
    # from both ends, and towards zero, as PyTorch
    start, end = int(start), int(end)
    step = (end - start) / max(steps - 1, 1)
    k = np.arange(steps)
    return np.where(k < max(steps // 2, 1), start + step * k, end - step * (steps - 1 - k)).astype(
        dtype.numpy
    )


def eye(rows: int, columns: int, dtype: DType) -> Array:
    return np.eye(rows, columns, dtype=dtype.numpy)


KERNELS: dict[str, Kernel] = {
    "empty": empty,
    "full": full,
    "arange": arange,
    "linspace": linspace,
    "eye": eye,
}
