"""Shapes and dtypes of reductions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray, reduced
from engine.backends.meta.elementwise import same
from engine.backends.registry import Kernel
from engine.dtypes import SMOOTH_KINDS
from engine.errors import ShapeError

Dims = tuple[int, ...]


def wide(dtype: Any) -> Any:
    """Sums of booleans and integers are int64."""
    return dtype if dtype.kind in SMOOTH_KINDS else np.int64


def _reduction(dtype: Callable[[Any], Any] | None = None) -> Kernel:
    def kernel(x: MetaArray, dim: Dims, *rest: Any) -> MetaArray:
        return MetaArray(reduced(x.shape, dim, rest[-1]), dtype(x.dtype) if dtype else x.dtype)

    return kernel


def _nonempty(op: str, x: MetaArray, dim: Dims) -> None:
    if any(x.shape[axis] == 0 for axis in dim):
        raise ShapeError(
            f"{op}: shape {x.shape} has no elements along axis {dim}, so there is none to choose"
        )


def _amax(op: str) -> Kernel:
    def kernel(x: MetaArray, dim: Dims, keepdim: bool) -> MetaArray:
        _nonempty(op, x, dim)
        return MetaArray(reduced(x.shape, dim, keepdim), x.dtype)

    return kernel


def _extreme(op: str) -> Kernel:
    def kernel(x: MetaArray, dim: int, keepdim: bool) -> tuple[MetaArray, MetaArray]:
        if x.shape:
            _nonempty(op, x, (dim,))
        shape = reduced(x.shape, (dim,), keepdim)
        return MetaArray(shape, x.dtype), MetaArray(shape, np.int64)

    return kernel


def _argument(op: str) -> Kernel:
    def kernel(x: MetaArray, dim: int, keepdim: bool) -> MetaArray:
        if x.shape:
            _nonempty(op, x, (dim,))
        return MetaArray(reduced(x.shape, (dim,), keepdim), np.int64)

    return kernel


def _cumsum(x: MetaArray, dim: int) -> MetaArray:
    return MetaArray(x.shape, wide(x.dtype))


KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(("mean", "var", "std", "logsumexp"), _reduction()),
    **dict.fromkeys(("any", "all"), _reduction(lambda _: np.bool_)),
    **dict.fromkeys(("softmax", "log_softmax"), same),
    "sum": _reduction(wide),
    "amax": _amax("amax"),
    "amin": _amax("amin"),
    "max": _extreme("max"),
    "min": _extreme("min"),
    "argmax": _argument("argmax"),
    "argmin": _argument("argmin"),
    "cumsum": _cumsum,
}
