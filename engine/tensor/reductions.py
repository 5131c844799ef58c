"""Reductions. `dim` is one axis, several or None for all; reduced axes vanish unless keepdim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

from engine.autograd.tape import Variable, apply_several, unary
from engine.dtypes import FLOATING_KINDS, DType, bool_, uint8
from engine.errors import DTypeError
from engine.ops import reductions as ops
from engine.tensor.arithmetic import maximum, minimum
from engine.tensor.axes import Dim, axes, axis
from engine.tensor.promotion import cast, floating, require_floating, require_ordered

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "cumsum",
    "log_softmax",
    "logsumexp",
    "max",
    "mean",
    "min",
    "softmax",
    "std",
    "sum",
    "var",
]

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


class ValuesIndices(NamedTuple):
    """The result of reductions that also tell where: values, and int64 indices along the axis."""

    values: Tensor
    indices: Tensor


def sum(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """Sum over axes; of bool and integers in int64."""
    if dtype is not None:
        input = cast(input, dtype)
    out = unary(ops.SUM, input, (axes(dim, len(input._data.shape)), keepdim))
    return out if dtype is None else cast(out, dtype)


def mean(input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: DType | None = None) -> Tensor:
    """The mean over axes, or of all elements."""
    if dtype is not None:
        input = cast(input, dtype)
    if input._data.dtype.kind != "c":
        require_floating("mean", input)
    return unary(ops.MEAN, input, (axes(dim, len(input._data.shape)), keepdim))


def amax(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The largest value; equal ones share the gradient."""
    require_ordered("amax", input)
    return unary(ops.AMAX, input, (axes(dim, len(input._data.shape)), keepdim))


def amin(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """The smallest value; equal ones share the gradient."""
    require_ordered("amin", input)
    return unary(ops.AMIN, input, (axes(dim, len(input._data.shape)), keepdim))


@overload
def max(input: Tensor, dim: None = None, keepdim: bool = False) -> Tensor: ...
@overload
def max(input: Tensor, dim: Tensor, keepdim: bool = False) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False) -> ValuesIndices: ...
def max(input: Tensor, dim: Tensor | int | None = None, keepdim: bool = False) -> Tensor | ValuesIndices:
    """The largest value of all; or along `dim`, with the first index where it is; or of two tensors."""
    if dim is None:
        return amax(input)
    if isinstance(dim, Variable):
        return maximum(input, dim)
    require_ordered("max", input)
    return ValuesIndices(*apply_several(ops.MAX, (input,), (axis(dim, len(input._data.shape)), keepdim)))


@overload
def min(input: Tensor, dim: None = None, keepdim: bool = False) -> Tensor: ...
@overload
def min(input: Tensor, dim: Tensor, keepdim: bool = False) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> ValuesIndices: ...
def min(input: Tensor, dim: Tensor | int | None = None, keepdim: bool = False) -> Tensor | ValuesIndices:
    """The smallest value of all; or along `dim`, with the first index where it is; or of two tensors."""
    if dim is None:
        return amin(input)
    if isinstance(dim, Variable):
        return minimum(input, dim)
    require_ordered("min", input)
    return ValuesIndices(*apply_several(ops.MIN, (input,), (axis(dim, len(input._data.shape)), keepdim)))


def _argument(op: Any, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    require_ordered(op.name, input)
    if dim is not None:
        return unary(op, input, (axis(dim, len(input._data.shape)), keepdim))
    found = unary(op, input.reshape(-1), (0, False))
    return found.reshape((1,) * len(input._data.shape)) if keepdim else found


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """int64 index of the first largest value along `dim`; None: in the flattened tensor."""
    return _argument(ops.ARGMAX, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """int64 index of the first smallest value along `dim`; None: in the flattened tensor."""
    return _argument(ops.ARGMIN, input, dim, keepdim)


def any(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Whether some element isn't zero; bool, but uint8 of uint8."""
    return _truth(ops.ANY, input, dim, keepdim)


def all(input: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """Whether no element is zero; bool, but uint8 of uint8."""
    return _truth(ops.ALL, input, dim, keepdim)


def _truth(op: Any, input: Tensor, dim: Dim, keepdim: bool) -> Tensor:
    if isinstance(dim, tuple | list) and not dim:
        # as in PyTorch, and other than in sums: no axis rather than all of them
        out = cast(input, bool_)
    else:
        out = unary(op, input, (axes(dim, len(input._data.shape)), keepdim))
    return cast(out, uint8) if input.dtype is uint8 else out


def var(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Mean squared deviation over axes, divided by count - correction; `unbiased` once meant correction=1."""
    require_floating("var", input)
    return unary(ops.VAR, input, _spread(input, dim, unbiased, keepdim, correction))


def std(
    input: Tensor,
    dim: Dim | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The square root of var."""
    require_floating("std", input)
    return unary(ops.STD, input, _spread(input, dim, unbiased, keepdim, correction))


def _spread(
    x: Tensor, dim: Dim | bool, unbiased: bool | None, keepdim: bool, correction: float | None
) -> tuple[Any, ...]:
    """The attributes of var and std. PyTorch's older form has `unbiased` first, or second."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    return axes(dim, len(x._data.shape)), correction, keepdim


def logsumexp(input: Tensor, dim: Dim, keepdim: bool = False) -> Tensor:
    """log of the sum of exp over axes, without overflow."""
    input = floating(input)
    return unary(ops.LOGSUMEXP, input, (axes(dim, len(input._data.shape)), keepdim))


def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Sums of the elements up to and including each one along `dim`."""
    if dtype is not None:
        input = cast(input, dtype)
    out = unary(ops.CUMSUM, input, (axis(dim, len(input._data.shape)),))
    return out if dtype is None else cast(out, dtype)


def softmax(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """exp(input) divided by its sum along `dim`."""
    return _normalised("softmax", ops.SOFTMAX, input, dim, dtype)


def log_softmax(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """log of softmax, without underflow."""
    return _normalised("log_softmax", ops.LOG_SOFTMAX, input, dim, dtype)


def _normalised(name: str, op: Any, input: Tensor, dim: int, dtype: DType | None) -> Tensor:
    if dtype is not None:
        input = cast(input, dtype)
    if input._data.dtype.kind not in FLOATING_KINDS:
        raise DTypeError(
            f"{name} needs a floating-point tensor, not {input.dtype}; pass dtype=, or convert it"
        )
    # one axis, as kernels take it both for indexing and, in the rule, for sums
    return unary(op, input, (axis(dim, len(input._data.shape)),))
