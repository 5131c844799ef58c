"""Operations that change a tensor in place.

They compute the result as usual and write it back, so there are no gradient rules of their own; the tensor
goes on with the result's history, and its version tells every rule that kept the old values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.autograd.mode import MODE
from engine.autograd.tape import Variable, overwrite, serial_now
from engine.autograd.views import adopt, assigned, check_writable, keep_values
from engine.dtypes import of
from engine.errors import DTypeError, NotDifferentiable, ShapeError
from engine.ops.updates import ACCUMULATE, COPY, FILL
from engine.tensor import shapes, specials
from engine.tensor.arithmetic import add
from engine.tensor.creation import arange
from engine.tensor.promotion import Number, Operand, cast, check_fits, constant, operand

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def replace(x: Tensor, result: Tensor, name: str, since: int = 0) -> Tensor:
    """Write `result` into x, which takes over its history.

    since: where the computing of `result` began, as serial_now() tells
    """
    recorded = MODE.enabled and (x._requires or result._requires)
    check_writable(x, name, recorded)
    if result._data.shape != x._data.shape:
        raise ShapeError(f"{name}: the result has shape {result.shape} and doesn't fit into shape {x.shape}")
    if result._data.dtype is not x._data.dtype:
        if of(result._data.dtype).category > of(x._data.dtype).category:
            raise DTypeError(
                f"{name}: the result is {result.dtype} and can't be stored in {x.dtype}; use the function"
            )
        result = cast(result, x.dtype)
    if recorded:
        keep_values(result, x, since)
    overwrite(COPY, (x, result))
    if recorded:
        adopt(x, result)
    return x


def in_place(function: Callable[..., Tensor], name: str = "") -> Callable[..., Tensor]:
    """The method that writes a function's result back; `name` where it isn't the function's with a _."""
    name = name or f"{function.__name__}_"

    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        since = serial_now()
        return replace(input, function(input, *args, **kwargs), name, since)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{function.__name__}, in place."
    return method


_add = in_place(add)


def add_(input: Tensor, other: Operand, *, alpha: Number = 1) -> Tensor:
    """add, in place."""
    if (
        alpha == 1
        and isinstance(other, Variable)
        and other._data.shape == input._data.shape
        and other._data.dtype is input._data.dtype
        and not (MODE.enabled and (input._requires or other._requires))
    ):
        # in one pass over memory; no other op in place has a kernel of its own
        check_writable(input, "add_", False)
        overwrite(ACCUMULATE, (input, other))
        return input
    return _add(input, other, alpha=alpha)


def copy_(input: Tensor, src: Operand, non_blocking: bool = False) -> Tensor:
    """Take over the values of src, which broadcasts and is converted; gradients flow to src.

    non_blocking is a hint that is never needed.
    """
    given = operand(src, input)
    if not isinstance(given, Variable):
        return fill_(input, given)
    if given is input:
        return input
    recorded = MODE.enabled and (input._requires or given._requires)
    check_writable(input, "copy_", recorded)
    overwrite(COPY, (input, given))
    if recorded:
        assigned(input, cast(given, input.dtype), (), (Ellipsis,))  # type: ignore[arg-type]  # a Tensor
    return input


def fill_(input: Tensor, value: Operand) -> Tensor:
    """Every element `value`, a number or a tensor of one element."""
    if isinstance(value, Variable):
        if value._data.shape:
            raise ShapeError(f"fill_ takes a number, not a tensor of shape {value.shape}; use copy_")
        return copy_(input, value)
    if isinstance(value, complex) and not input.is_complex():
        raise DTypeError(f"fill_: {value!r} is complex and can't be stored in {input.dtype}")
    check_fits("fill_", value, input.dtype)
    recorded = MODE.enabled and input._requires
    check_writable(input, "fill_", recorded)
    overwrite(FILL, (input,), (value,))
    if recorded:
        assigned(input, constant(value, input.dtype, input._device), (), (Ellipsis,))
    return input


def zero_(input: Tensor) -> Tensor:
    """Every element zero."""
    if MODE.enabled and input._requires:
        return fill_(input, 0)
    check_writable(input, "zero_", False)
    overwrite(FILL, (input,), (0,))
    return input


def _rearranged(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method by which a tensor becomes a view of itself: only its shape changes, not its memory."""
    name = f"{function.__name__}_"

    def method(input: Tensor, *args: Any) -> Tensor:
        recorded = MODE.enabled and input._requires
        if recorded and input._node is None:
            raise NotDifferentiable(
                f"{name}: a leaf that requires grad can't be changed in place; use {function.__name__}()"
            )
        view = function(input, *args)
        input._data = view._data
        if recorded:
            input._node, input._slot = view._node, view._slot
        return input

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{function.__name__}, in place."
    return method


squeeze_ = _rearranged(shapes.squeeze)
unsqueeze_ = _rearranged(shapes.unsqueeze)
transpose_ = _rearranged(shapes.transpose)
t_ = _rearranged(shapes.t)


def polygamma_of(input: Tensor, n: int) -> Tensor:
    """polygamma, with the tensor first, as its methods have it."""
    return specials.polygamma(n, input)


def fill_diagonal_(input: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """The main diagonal `fill_value`; with wrap it begins anew below a tall matrix's square part."""
    shape = input.shape
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise ShapeError(f"fill_diagonal_ takes a matrix, or more axes of one size, not shape {tuple(shape)}")
    if not wrap or shape[0] <= shape[1] or len(shape) > 2:
        numbers = arange(min(shape))
        input[(numbers,) * len(shape)] = fill_value
        return input
    numbers = arange(0, shape[0] * shape[1], shape[1] + 1)
    input[numbers // shape[1], numbers % shape[1]] = fill_value
    return input
