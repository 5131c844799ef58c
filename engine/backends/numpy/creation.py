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
    plain = isinstance(value, int) and value == 0
    return np.zeros(shape, dtype.numpy) if plain else np.full(shape, value, dtype.numpy)


def arange(start: float, step: float, length: int, dtype: DType) -> Array:
    if dtype.is_floating_point:
        return (start + np.arange(length, dtype=np.float64) * step).astype(dtype.numpy)
    return (start + np.arange(length, dtype=np.int64) * int(step)).astype(dtype.numpy)


def linspace(start: float, end: float, steps: int, dtype: DType) -> Array:
    return np.linspace(start, end, steps, dtype=dtype.numpy)


def eye(rows: int, columns: int, dtype: DType) -> Array:
    return np.eye(rows, columns, dtype=dtype.numpy)


KERNELS: dict[str, Kernel] = {
    "empty": empty,
    "full": full,
    "arange": arange,
    "linspace": linspace,
    "eye": eye,
}
