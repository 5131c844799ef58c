"""Shapes of rearrangements, and what is wrong where they don't work out."""

from typing import Any

from engine.backends.meta.array import MetaArray, Shape, count, fits, reduced, sliced
from engine.backends.meta.elementwise import same
from engine.backends.registry import Kernel
from engine.errors import EngineError, ShapeError


def _reshape(x: MetaArray, shape: Shape) -> MetaArray:
    if count(shape) != x.size:
        raise ShapeError(
            f"shape {x.shape} has {x.size} elements and can't become {shape}, which has {count(shape)}"
        )
    return MetaArray(shape, x.dtype)


def _permute(x: MetaArray, order: Shape) -> MetaArray:
    return MetaArray(tuple(x.shape[axis] for axis in order), x.dtype)


def _expand(x: MetaArray, shape: Shape) -> MetaArray:
    if not fits(x.shape, shape):
        raise ShapeError(f"shape {x.shape} can't be expanded to {shape}: only axes of size 1 grow")
    return MetaArray(shape, x.dtype)


def _cat(*args: Any) -> MetaArray:
    *tensors, dim = args
    first = tensors[0]
    for other in tensors[1:]:
        if (
            reduced(first.shape, (dim,), False) != reduced(other.shape, (dim,), False)
            or first.ndim != other.ndim
        ):
            raise ShapeError(f"cat: shapes {first.shape} and {other.shape} differ in more than axis {dim}")
    total = sum(t.shape[dim] for t in tensors)
    return MetaArray((*first.shape[:dim], total, *first.shape[dim + 1 :]), first.dtype)


def _stack(*args: Any) -> MetaArray:
    *tensors, dim = args
    first = tensors[0].shape
    for other in tensors[1:]:
        if other.shape != first:
            raise ShapeError(f"stack: all shapes must be equal, and {first} and {other.shape} aren't")
    return MetaArray((*first[:dim], len(tensors), *first[dim:]), tensors[0].dtype)


def _slice(x: MetaArray, key: tuple[Any, ...]) -> MetaArray:
    return MetaArray(sliced(x.shape, key), x.dtype)


def _at_shape(x: MetaArray, *args: Any) -> MetaArray:
    return MetaArray(args[-2], x.dtype)


def _index(x: MetaArray, *args: Any) -> MetaArray:
    return MetaArray(sliced(x.shape, args[-1], tuple(i.shape for i in args[:-1])), x.dtype)


def _gather(x: MetaArray, index: MetaArray, dim: int) -> MetaArray:
    check_along("gather", x, index, dim)
    return MetaArray(index.shape, x.dtype)


def _scatter_add(x: MetaArray, index: MetaArray, source: MetaArray, dim: int) -> MetaArray:
    check_along("scatter_add", x, index, dim)
    if index.shape != source.shape:
        raise ShapeError(
            f"scatter_add: index {index.shape} and source {source.shape} must have the same shape"
        )
    return MetaArray(x.shape, x.dtype)


def check_along(op: str, x: MetaArray, index: MetaArray, dim: int) -> None:
    fits = all(i <= n for axis, (i, n) in enumerate(zip(index.shape, x.shape, strict=False)) if axis != dim)
    if index.ndim != x.ndim or not fits:
        raise ShapeError(
            f"{op}: index shape {index.shape} must have as many axes as shape {x.shape}, "
            f"and be no larger in any axis but {dim}"
        )


def _nonzero(x: MetaArray) -> MetaArray:
    raise EngineError("the shape of a selection by mask depends on the values, and meta tensors have none")


KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(("flip", "tril", "triu"), same),
    "reshape": _reshape,
    "permute": _permute,
    "expand": _expand,
    "cat": _cat,
    "stack": _stack,
    "slice": _slice,
    "slice_grad": _at_shape,
    "index": _index,
    "index_grad": _at_shape,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "nonzero": _nonzero,
}
