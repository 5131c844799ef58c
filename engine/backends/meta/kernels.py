"""Kernels that compute shapes and dtypes, and explain what doesn't fit."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray, Shape, broadcast, count, fits, reduced, sliced
from engine.backends.registry import Kernel
from engine.dtypes import DType
from engine.errors import DTypeError, EngineError, ShapeError

Dims = tuple[int, ...]


def _same(x: MetaArray, *_: Any) -> MetaArray:
    return MetaArray(x.shape, x.dtype)


def _predicate(x: MetaArray) -> MetaArray:
    return MetaArray(x.shape, np.bool_)


def _binary(op: str, dtype: Any = None) -> Kernel:
    def kernel(a: MetaArray, b: MetaArray) -> MetaArray:
        return MetaArray(broadcast(op, a.shape, b.shape), dtype or a.dtype)

    return kernel


def _where(condition: MetaArray, a: MetaArray, b: MetaArray) -> MetaArray:
    return MetaArray(broadcast("where", condition.shape, a.shape, b.shape), a.dtype)


def _cast(x: MetaArray, dtype: DType) -> MetaArray:
    return MetaArray(x.shape, dtype.numpy)


def _wide(dtype: Any) -> Any:
    """Sums of booleans and integers are int64."""
    return dtype if dtype.kind == "f" else np.int64


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
    return MetaArray(x.shape, _wide(x.dtype))


def _reshape(x: MetaArray, shape: Shape) -> MetaArray:
    if count(shape) != x.size:
        raise ShapeError(
            f"shape {x.shape} has {x.size} elements and can't become {shape}, which has {count(shape)}"
        )
    return MetaArray(shape, x.dtype)


def _permute(x: MetaArray, order: Dims) -> MetaArray:
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
    _check_along("gather", x, index, dim)
    return MetaArray(index.shape, x.dtype)


def _scatter_add(x: MetaArray, index: MetaArray, source: MetaArray, dim: int) -> MetaArray:
    _check_along("scatter_add", x, index, dim)
    if index.shape != source.shape:
        raise ShapeError(
            f"scatter_add: index {index.shape} and source {source.shape} must have the same shape"
        )
    return MetaArray(x.shape, x.dtype)


def _check_along(op: str, x: MetaArray, index: MetaArray, dim: int) -> None:
    fits = all(i <= n for axis, (i, n) in enumerate(zip(index.shape, x.shape, strict=False)) if axis != dim)
    if index.ndim != x.ndim or not fits:
        raise ShapeError(
            f"{op}: index shape {index.shape} must have as many axes as shape {x.shape}, "
            f"and be no larger in any axis but {dim}"
        )


def _nonzero(x: MetaArray) -> MetaArray:
    raise EngineError("the shape of a selection by mask depends on the values, and meta tensors have none")


def _matmul(a: MetaArray, b: MetaArray) -> MetaArray:
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: {a.shape} @ {b.shape}: the last axis of the first is {a.shape[-1]} "
            f"and the second to last of the second is {b.shape[-2]}; they must be equal"
        )
    lead = broadcast("matmul", a.shape[:-2], b.shape[:-2])
    return MetaArray((*lead, a.shape[-2], b.shape[-1]), a.dtype)


def _linear(x: MetaArray, weight: MetaArray, bias: MetaArray | None = None) -> MetaArray:
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ShapeError(
            f"linear: input {x.shape} doesn't fit weight {weight.shape}: the input's last axis must be "
            f"the weight's in_features, its second axis"
        )
    if bias is not None and bias.shape != (weight.shape[0],):
        raise ShapeError(
            f"linear: bias {bias.shape} must have shape ({weight.shape[0]},), the weight's out_features"
        )
    return MetaArray((*x.shape[:-1], weight.shape[0]), x.dtype)


def _pair(op: str) -> Kernel:
    def kernel(x: MetaArray, y: MetaArray, reduction: str) -> MetaArray:
        return MetaArray(broadcast(op, x.shape, y.shape) if reduction == "none" else (), x.dtype)

    return kernel


def _rows(op: str, x: MetaArray, target: MetaArray, reduction: str) -> Shape:
    if x.ndim != 2 or target.shape != x.shape[:1]:
        raise ShapeError(f"{op}: [N, C] and targets [N] are needed, not {x.shape} and {target.shape}")
    if target.dtype != np.int64:
        raise DTypeError(f"{op}: class targets must be int64, not {target.dtype}")
    return x.shape[:1] if reduction == "none" else ()


def _nll(x: MetaArray, target: MetaArray, ignore_index: int, reduction: str) -> MetaArray:
    return MetaArray(_rows("nll_loss", x, target, reduction), x.dtype)


def _nll_grad(g: MetaArray, target: MetaArray, classes: int, *_: Any) -> MetaArray:
    return MetaArray((*target.shape, classes), g.dtype)


def _cross_entropy(
    x: MetaArray, target: MetaArray, ignore_index: int, smoothing: float, reduction: str
) -> tuple[MetaArray, MetaArray]:
    return MetaArray(_rows("cross_entropy", x, target, reduction), x.dtype), MetaArray(x.shape[:1], x.dtype)


def _cross_entropy_grad(g: MetaArray, x: MetaArray, *_: Any) -> MetaArray:
    return MetaArray(x.shape, x.dtype)


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


def _overwrite(x: MetaArray, *args: Any) -> None:
    """Fill and the optimizer steps: nothing to compute, nothing to check."""


def _copy(x: MetaArray, source: MetaArray) -> None:
    if not fits(source.shape, x.shape):
        raise ShapeError(f"a value of shape {source.shape} doesn't fit into shape {x.shape}")


def _assign(x: MetaArray, source: MetaArray, *args: Any) -> None:
    shape = sliced(x.shape, args[-1], tuple(i.shape for i in args[:-1]))
    if not fits(source.shape, shape):
        raise ShapeError(f"a value of shape {source.shape} doesn't fit into a selection of shape {shape}")


def _accumulate(x: MetaArray, source: MetaArray) -> None:
    if x.shape != source.shape:
        raise ShapeError(f"a gradient of shape {source.shape} can't be added to one of shape {x.shape}")


_UNARY = [
    "neg",
    "abs",
    "sign",
    "floor",
    "ceil",
    "round",
    "trunc",
    "clamp",
    "exp",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "square",
    "sin",
    "cos",
    "tan",
    "erf",
    "tanh",
    "sigmoid",
    "relu",
    "clone",
    "flip",
    "tril",
    "triu",
    "softmax",
    "log_softmax",
    "bernoulli",
    "dropout",
]
_BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "pow",
    "floor_divide",
    "remainder",
    "maximum",
    "minimum",
    "tanh_grad",
    "sigmoid_grad",
    "relu_grad",
]
_COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]

KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(_UNARY, _same),
    **{name: _binary(name) for name in _BINARY},
    **{name: _binary(name, np.dtype(np.bool_)) for name in _COMPARISONS},
    **dict.fromkeys(("logical_not", "isnan", "isinf", "isfinite"), _predicate),
    **dict.fromkeys(("mean", "var", "std", "logsumexp"), _reduction()),
    **dict.fromkeys(("any", "all"), _reduction(lambda _: np.bool_)),
    "sum": _reduction(_wide),
    "amax": _amax("amax"),
    "amin": _amax("amin"),
    "max": _extreme("max"),
    "min": _extreme("min"),
    "argmax": _argument("argmax"),
    "argmin": _argument("argmin"),
    "cumsum": _cumsum,
    "where": _where,
    "cast": _cast,
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
    "matmul": _matmul,
    "linear": _linear,
    "linear_no_bias": _linear,
    "mse": _pair("mse_loss"),
    "l1": _pair("l1_loss"),
    "nll": _nll,
    "nll_grad": _nll_grad,
    "cross_entropy": _cross_entropy,
    "cross_entropy_grad": _cross_entropy_grad,
    "random_uniform": _new,
    "random_normal": _new,
    "random_integers": _new,
    "random_permutation": _row,
    "empty": _new,
    "full": _full,
    "arange": _row,
    "linspace": _row,
    "eye": _eye,
    **dict.fromkeys(("fill", "sgd_step", "sgd_momentum_step", "adam_step", "amsgrad_step"), _overwrite),
    "copy": _copy,
    "assign": _assign,
    "accumulate": _accumulate,
}
