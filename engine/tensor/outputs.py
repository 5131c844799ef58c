"""`out=`: functions that write their result into a tensor that there is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from engine.autograd.mode import MODE
from engine.autograd.tape import Variable
from engine.errors import NotDifferentiable, ShapeError
from engine.tensor import arithmetic, comparison, orders, products, reductions, shapes
from engine.tensor.inplace import replace
from engine.tensor.numpy_names import OLD_NAMES
from engine.tensor.refusals import STUMBLES, stumbled

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])


def with_out(function: F) -> F:
    """The function with one more argument, `out`: a tensor of the result's shape, or a tuple of them."""
    name = function.__name__

    @functools.wraps(function)
    def called(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs and ("axis" in kwargs or "keepdims" in kwargs):
            kwargs = {OLD_NAMES.get(key, key): value for key, value in kwargs.items()}
        try:
            result = function(*args, **kwargs) if kwargs else function(*args)
        except STUMBLES as error:
            stumbled(function, args, kwargs, error)
            raise
        if out is None:
            return result
        results = result if isinstance(result, tuple) else (result,)
        given = out if isinstance(out, tuple | list) else (out,)
        if len(given) != len(results) or not all(isinstance(x, Variable) for x in given):
            raise ShapeError(f"{name}: out must hold as many tensors as there are results, {len(results)}")
        for x, new in zip(given, results, strict=True):
            if MODE.enabled and (x._requires or new._requires):
                raise NotDifferentiable(
                    f"{name}: a result that is written to out has no gradient, and a tensor here requires "
                    "grad; leave "
                    "out away, or call it under no_grad()"
                )
            replace(x, new, f"{name}(…, out=…)")
        return out

    return called  # type: ignore[return-value]  # of the function's own signature, and out


@with_out
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition (bool) holds, else other; all three broadcast.

    With the condition alone, of any dtype: where it isn't 0, as one int64 [count] per axis.
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    return arithmetic.where(condition, input, other)


abs = with_out(arithmetic.abs)
add = with_out(arithmetic.add)
clamp = with_out(arithmetic.clamp)
cos = with_out(arithmetic.cos)
div = with_out(arithmetic.div)
exp = with_out(arithmetic.exp)
log = with_out(arithmetic.log)
maximum = with_out(arithmetic.maximum)
minimum = with_out(arithmetic.minimum)
mul = with_out(arithmetic.mul)
neg = with_out(arithmetic.neg)
pow = with_out(arithmetic.pow)
sigmoid = with_out(arithmetic.sigmoid)
sin = with_out(arithmetic.sin)
sqrt = with_out(arithmetic.sqrt)
sub = with_out(arithmetic.sub)
tanh = with_out(arithmetic.tanh)
eq = with_out(comparison.eq)
gt = with_out(comparison.gt)
lt = with_out(comparison.lt)
sort = with_out(orders.sort)
topk = with_out(orders.topk)
bmm = with_out(products.bmm)
matmul = with_out(products.matmul)
mm = with_out(products.mm)
argmax = with_out(reductions.argmax)
cumsum = with_out(reductions.cumsum)
max = with_out(reductions.max)
mean = with_out(reductions.mean)
min = with_out(reductions.min)
sum = with_out(reductions.sum)
cat = with_out(shapes.cat)
stack = with_out(shapes.stack)

__all__ = [
    "abs",
    "add",
    "argmax",
    "bmm",
    "cat",
    "clamp",
    "cos",
    "cumsum",
    "div",
    "eq",
    "exp",
    "gt",
    "log",
    "lt",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "mul",
    "neg",
    "pow",
    "sigmoid",
    "sin",
    "sort",
    "sqrt",
    "stack",
    "sub",
    "sum",
    "tanh",
    "topk",
    "where",
]
