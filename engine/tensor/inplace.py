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
from engine.errors import DTypeError, ShapeError
from engine.ops.updates import COPY, FILL
from engine.tensor import arithmetic
from engine.tensor.promotion import Operand, cast, constant, operand

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


def _in_place(name: str, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        since = serial_now()
        return replace(input, function(input, *args, **kwargs), name, since)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{function.__name__}, in place."
    return method


add_ = _in_place("add_", arithmetic.add)
sub_ = _in_place("sub_", arithmetic.sub)
mul_ = _in_place("mul_", arithmetic.mul)
div_ = _in_place("div_", arithmetic.div)
pow_ = _in_place("pow_", arithmetic.pow)
neg_ = _in_place("neg_", arithmetic.neg)
abs_ = _in_place("abs_", arithmetic.abs)
exp_ = _in_place("exp_", arithmetic.exp)
log_ = _in_place("log_", arithmetic.log)
sqrt_ = _in_place("sqrt_", arithmetic.sqrt)
tanh_ = _in_place("tanh_", arithmetic.tanh)
sigmoid_ = _in_place("sigmoid_", arithmetic.sigmoid)
relu_ = _in_place("relu_", arithmetic.relu)
clamp_ = _in_place("clamp_", arithmetic.clamp)


def copy_(input: Tensor, src: Operand, non_blocking: bool = False) -> Tensor:
    """Take over the values of src, which broadcasts and is converted; gradients flow to src.

    non_blocking is a hint that is never needed.
    """
    given = operand(src, input)
    if not isinstance(given, Variable):
        return fill_(input, given)
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
    recorded = MODE.enabled and input._requires
    check_writable(input, "fill_", recorded)
    overwrite(FILL, (input,), (value,))
    if recorded:
        assigned(input, constant(value, input.dtype, input._device), (), (Ellipsis,))
    return input


def zero_(input: Tensor) -> Tensor:
    """Every element zero."""
    return fill_(input, 0)
