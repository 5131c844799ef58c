"""What is asked of operands that are overwritten; there is nothing to compute."""

from typing import Any

from engine.backends.meta.array import MetaArray, fits, sliced
from engine.backends.registry import Kernel
from engine.errors import ShapeError


def _overwrite(x: MetaArray, *args: Any) -> None:
    """Fill and the optimizer steps: nothing to compute, nothing to check."""


def _copy(x: MetaArray, source: MetaArray) -> None:
    if not fits(source.shape, x.shape):
        raise ShapeError(f"a value of shape {source.shape} doesn't fit into shape {x.shape}")


def _assign(x: MetaArray, source: MetaArray, *args: Any) -> None:
    shape = sliced(x.shape, args[-1], tuple(i.shape for i in args[:-1]))
    if not fits(source.shape, shape):
        raise ShapeError(f"a value of shape {source.shape} doesn't fit into a selection of shape {shape}")


def _put(x: MetaArray, source: MetaArray, *args: Any) -> MetaArray:
    _assign(x, source, *args)
    return MetaArray(x.shape, x.dtype)


def _accumulate(x: MetaArray, source: MetaArray) -> None:
    if x.shape != source.shape:
        raise ShapeError(f"a gradient of shape {source.shape} can't be added to one of shape {x.shape}")


KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(("fill", "sgd_step", "sgd_momentum_step", "adam_step", "amsgrad_step"), _overwrite),
    "copy": _copy,
    "assign": _assign,
    "put": _put,
    "accumulate": _accumulate,
}
