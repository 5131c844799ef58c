"""Shapes and dtypes of what is made from nothing, or drawn."""

from typing import Any

from engine.backends.meta.array import MetaArray, Shape
from engine.backends.meta.elementwise import same
from engine.backends.registry import Kernel
from engine.dtypes import DType


def _new(*args: Any) -> MetaArray:
    """Kernels whose attributes end in shape, dtype."""
    return MetaArray(args[-2], args[-1].numpy)


def _full(shape: Shape, value: float, dtype: DType) -> MetaArray:
    return MetaArray(shape, dtype.numpy)


def _row(*args: Any) -> MetaArray:
    """Kernels whose attributes end in length, dtype."""
    return MetaArray((args[-2],), args[-1].numpy)


def _eye(rows: int, columns: int, dtype: DType) -> MetaArray:
    return MetaArray((rows, columns), dtype.numpy)


KERNELS: dict[str, Kernel] = {
    "empty": _new,
    "full": _full,
    "arange": _row,
    "linspace": _row,
    "eye": _eye,
    "random_uniform": _new,
    "random_normal": _new,
    "random_integers": _new,
    "random_permutation": _row,
    "bernoulli": same,
    "dropout": same,
}
