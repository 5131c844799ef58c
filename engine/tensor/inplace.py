"""Operations that change a tensor in place.

They compute the result as usual and write it back, so there are no gradient rules of their own; the tensor
goes on with the result's history, and its version tells every rule that kept the old values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.autograd.mode import MODE
from engine.autograd.tape import Variable, keep_values, overwrite, rebase
from engine.dtypes import of
from engine.errors import DTypeError, NotDifferentiable, ShapeError
from engine.ops.updates import COPY, FILL
from engine.tensor import arithmetic
from engine.tensor.promotion import Number, Operand, cast, operand

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor


def check_unrecorded(what: str, *operands: Any) -> None:
    """Refuse an overwriting that a graph would have to know about."""
    if MODE.enabled and any(isinstance(x, Variable) and x._requires for x in operands):
        raise NotDifferentiable(
            f"{what} isn't recorded, and a tensor in it requires grad; do it under no_grad(), or use where()"
        )


def replace(x: Tensor, result: Tensor, name: str) -> Tensor:
    """Write `result` into x, which takes over its history."""
    recorded = MODE.enabled and (x._requires or result._requires)
    if recorded:
        if x._requires and x._node is None:
            raise NotDifferentiable(
                f"{name}: a leaf that requires grad can't be changed in place, since its gradient would then "
                "mean another value; do it under no_grad(), or out of place"
            )
        if (x._node is not None and x._node.op.view) or (x._node is None and x._is_view()):
            raise NotDifferentiable(
                f"{name}: changing a view in place isn't recorded for its base; change the base, or clone()"
            )
    if result._data.shape != x._data.shape:
        raise ShapeError(f"{name}: the result has shape {result.shape} and doesn't fit into shape {x.shape}")
    if of(result._data.dtype).category > of(x._data.dtype).category:
        raise DTypeError(
            f"{name}: the result is {result.dtype} and can't be stored in {x.dtype}; use the function"
        )
    result = cast(result, x.dtype)
    if recorded:
        keep_values(result._node, x)
    overwrite(COPY, (x, result))
    if recorded:
        rebase(x, result)
    return x


def _in_place(name: str, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return replace(input, function(input, *args, **kwargs), name)

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


def copy_(input: Tensor, src: Operand) -> Tensor:
    """Take over the values of src, which broadcasts and is converted; gradients flow to src."""
    if isinstance(src, Variable) and src._requires and MODE.enabled:
        return replace(input, cast(src, input.dtype).expand(input.shape), "copy_")
    if MODE.enabled and input._requires:
        return replace(input, input.detach().clone().copy_(src), "copy_")
    given = operand(src, input)
    if not isinstance(given, Variable):
        return fill_(input, given)
    overwrite(COPY, (input, given))
    return input


def fill_(input: Tensor, value: Number) -> Tensor:
    """Every element `value`."""
    if MODE.enabled and input._requires:
        return replace(input, input.detach().clone().fill_(value), "fill_")
    overwrite(FILL, (input,), (value,))
    return input


def zero_(input: Tensor) -> Tensor:
    """Every element zero."""
    return fill_(input, 0)
