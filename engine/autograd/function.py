"""`autograd.Function`: a user's own op, with a forward and a backward of their own."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.autograd.mode import MODE, no_grad
from engine.autograd.node import Version
from engine.autograd.tape import Variable, create, noted, record, wrap
from engine.autograd.views import adopt, check_writable
from engine.device import CPU
from engine.dtypes import SMOOTH_KINDS, of
from engine.errors import DeviceError, EngineError, NotDifferentiable, ShapeError
from engine.ops import Op, Plan
from engine.ops.creation import FULL
from engine.ops.elementwise import CAST
from engine.ops.op import ATTR, GRAD, SAVED, VALUE, VARIADIC

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


# stands where an argument is no tensor
_NOTHING: Variable = wrap(np.empty(0), CPU, Variable)


class FunctionCtx:
    """What forward and backward share: `ctx`. Anything that isn't a tensor may simply be set on it.

    needs_input_grad: per argument of forward, whether backward has to give its gradient
    """

    def __init__(self, name: str, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._name = name
        self._to_save: tuple[Any, ...] = ()
        self._saved: tuple[Any, ...] | None = None
        self._dirty: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward: operands, results, or what was computed between."""
        for k, x in enumerate(tensors):
            if x is not None and not isinstance(x, Variable):
                raise EngineError(
                    f"{self._name}: save_for_backward keeps tensors, and argument {k} is "
                    f"{type(x).__name__}; set it as an attribute of ctx instead"
                )
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What save_for_backward kept, while backward runs."""
        if self._saved is None:
            raise EngineError(f"{self._name}: ctx.saved_tensors is there within backward only")
        return self._saved

    def mark_dirty(self, *args: Any) -> None:
        """Say which operands forward has changed in place; it must return them."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Any) -> None:
        """Say which results have no gradient."""
        self._constant = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (the default) or None for results that weren't used."""
        self._materialize = value


class _Applied(Op):
    """The op of one call of a Function: how the walk finds its way to the user's backward."""

    __slots__ = ()

    def backward_name(self) -> str:
        return f"{self.name}Backward"

    def plan(self, needs: tuple[bool, ...]) -> Plan:
        # of the tape's own keeping there is nothing; the call's plan comes after
        return Plan(needs)


class Function:
    """A user-defined op: subclass it with static methods, and call `apply`.

        class Exp(Function):
            @staticmethod
            def forward(ctx, x):
                out = x.exp()
                ctx.save_for_backward(out)
                return out

            @staticmethod
            def backward(ctx, g):
                (out,) = ctx.saved_tensors
                return g * out

        y = Exp.apply(x)

    forward runs without recording. It may leave out ctx where the class defines setup_context(ctx, inputs,
    output). backward takes one gradient per result and returns one per argument of forward, None for those
    that are no tensors or need none. Written in tensor operations, it can itself be differentiated.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise EngineError(
            f"{type(self).__name__} isn't called on an instance: make forward and backward static methods "
            "and "
            f"call {type(self).__name__}.apply(…)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a Function defines the static method forward(ctx, …)")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> Any:
        raise NotImplementedError("setup_context(ctx, inputs, output) goes with a forward that has no ctx")

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        raise NotImplementedError("a Function defines the static method backward(ctx, …)")

    vjp = backward

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward on the arguments, and record it where one of them requires grad."""
        name = cls.__name__
        needs = tuple(isinstance(x, Variable) and x._requires and MODE.enabled for x in args)
        ctx = FunctionCtx(name, needs)
        with no_grad():
            if cls.setup_context is Function.setup_context:
                out = cls.forward(ctx, *args)
            else:
                out = cls.forward(*args)
                cls.setup_context(ctx, args, out)
        several = isinstance(out, tuple | list)
        outs = tuple(out) if several else (out,)
        tensors = [k for k, x in enumerate(outs) if isinstance(x, Variable)]
        if not tensors:
            raise EngineError(
                f"{name}.forward returned {type(out).__name__}; it must return a tensor, or several"
            )
        for x in ctx._dirty:
            if not any(x is y for y in outs):
                raise EngineError(f"{name}: what mark_dirty names must be returned by forward")
        if any(needs):
            outs = _recorded(cls, ctx, args, outs, needs)
        return outs if several else outs[0]


def _recorded(
    cls: type[Function],
    ctx: FunctionCtx,
    args: tuple[Any, ...],
    outs: tuple[Any, ...],
    needs: tuple[bool, ...],
) -> tuple[Any, ...]:
    name = cls.__name__
    made: list[Any] = []
    smooth: list[bool] = []
    for x in outs:
        dirty = any(x is d for d in ctx._dirty)
        if isinstance(x, Variable) and not dirty and (x._requires or any(x is a for a in args)):
            # an operand that is returned as it is, and the result, are two tensors
            alias = wrap(x._data, x._device)
            alias._version = x._version
            x = alias
        made.append(x)
        constant = any(x is c for c in ctx._constant) or not isinstance(x, Variable)
        smooth.append(not constant and x._data.dtype.kind in SMOOTH_KINDS)
    results = [x for x in made if isinstance(x, Variable)]
    places = [k for k, x in enumerate(made) if isinstance(x, Variable)]
    for x in ctx._dirty:
        check_writable(x, name, True)
    op = _op(name, len(args), tuple(smooth[k] for k in places))
    operands = [x for x in args if isinstance(x, Variable)]
    for x in operands[1:]:
        if x._device is not operands[0]._device:
            raise DeviceError(
                f"{name}: its tensors are on {operands[0]._device} and {x._device}; move them to one"
            )
    kept = ctx._to_save
    ctx._to_save = ()
    slots = {id(x): slot for slot, (k, x) in enumerate((k, outs[k]) for k in places)}
    plan = Plan(needs)
    specs = tuple((of(x._data.dtype), tuple(x._data.shape)) for x in results)
    rule = functools.partial(_backward, cls, specs, places, len(made), _descriptions(args))
    arguments = [(ATTR, 0), (VARIADIC, tuple((VALUE if x is None else SAVED, k) for k, x in enumerate(kept)))]
    arguments.extend((GRAD, slot) for slot in range(len(results)))
    plan.steps = ((-1, rule, tuple(arguments)),)
    stand_ins = [x if isinstance(x, Variable) else _NOTHING for x in args]
    # a result is shown to the tape under another object where it is an operand that was changed
    shown = [wrap(x._data, x._device) if any(x is d for d in ctx._dirty) else x for x in results]
    record(op, tuple(stand_ins), (ctx,), tuple(shown))
    node = next((x._node for x in shown if x._node is not None), None)
    if node is None:
        return tuple(made)
    node.device, node.plan = operands[0]._device, plan
    node.saved = [_entry(x, slots, args, shown, ctx) for x in kept]
    noted(node, len(node.saved))
    for x, alias in zip(results, shown, strict=True):
        if alias is not x and alias._node is not None:
            adopt(x, alias)
    return tuple(made)


def _descriptions(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Per argument: shape and dtype where it is a tensor, else its type."""
    return tuple(
        (tuple(x._data.shape), of(x._data.dtype)) if isinstance(x, Variable) else type(x) for x in args
    )


@functools.lru_cache(1024)
def _op(name: str, count: int, smooth: tuple[bool, ...]) -> _Applied:
    outputs = [f"out{k}" for k in range(len(smooth))]
    op = _Applied(
        name,
        " ".join(f"in{k}" for k in range(count)),
        "ctx",
        outputs=" ".join(outputs),
        auxiliary=" ".join(o for o, s in zip(outputs, smooth, strict=True) if not s),
        broadcasts=True,
    )
    return op


def _entry(x: Any, slots: dict[int, int], args: tuple[Any, ...], shown: list[Any], ctx: FunctionCtx) -> Any:
    """How the node keeps a tensor: a result without the way back to the node."""
    if x is None:
        return None
    slot = slots.get(id(x))
    if slot is None or (any(x is a for a in args) and not any(x is d for d in ctx._dirty)):
        return x, 0 if x._version is None else x._version.values
    return x._data, _version(x).values, _version(x), slot


def _version(x: Any) -> Any:
    if x._version is None:
        x._version = Version()
    return x._version


def _backward(
    cls: type[Function],
    specs: tuple[Any, ...],
    places: list[int],
    count: int,
    seen: tuple[Any, ...],
    ctx: FunctionCtx,
    saved: tuple[Any, ...],
    *grads: Any,
) -> list[Any]:
    """Run the user's backward, and look through what it gives."""
    name = cls.__name__
    given: list[Any] = [None] * count
    for place, g, (dtype, shape) in zip(places, grads, specs, strict=True):
        if g is None and ctx._materialize:
            first = next(x for x in grads if x is not None)
            g = create(FULL, first._device, (shape, 0, dtype))
        given[place] = g
    ctx._saved = saved
    try:
        method = cls.vjp if cls.vjp is not Function.vjp else cls.backward
        result = method(ctx, *given)
    finally:
        ctx._saved = None
    found = list(result) if isinstance(result, tuple | list) else [result]
    while len(found) > len(seen) and found[-1] is None:
        found.pop()
    if len(found) != len(seen):
        raise EngineError(
            f"{name}.backward returned {len(found)} gradients, and forward has {len(seen)} arguments "
            "after ctx; "
            "return one per argument, None where there is none"
        )
    return [_checked(name, k, g, seen[k], ctx.needs_input_grad[k]) for k, g in enumerate(found)]


def _checked(name: str, position: int, g: Any, argument: Any, needed: bool) -> Any:
    if g is None:
        return None
    if not isinstance(argument, tuple):
        raise EngineError(
            f"{name}.backward returned a gradient for argument {position}, which is {argument.__name__} "
            "and no "
            "tensor; return None for it"
        )
    if not isinstance(g, Variable):
        raise EngineError(
            f"{name}.backward returned {type(g).__name__} for argument {position}; return a tensor or None"
        )
    if not needed:
        return None
    shape, dtype = argument
    got = tuple(g._data.shape)
    lead = len(got) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, got[lead:], strict=True)):
        raise ShapeError(
            f"{name}.backward returned a gradient of shape {got} for argument {position} of shape "
            f"{shape}; it "
            "must have that shape"
        )
    return g if of(g._data.dtype) is dtype else CAST(g, dtype)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """For a backward that isn't made of tensor operations: its gradient raises NotDifferentiable."""

    @functools.wraps(fn)
    def wrapped(ctx: FunctionCtx, *grads: Any) -> Any:
        with no_grad():
            result = fn(ctx, *grads)
        wanted = MODE.enabled and any(isinstance(g, Variable) and g._requires for g in grads)
        if not wanted:
            return result
        several = isinstance(result, tuple | list)
        closed = [
            _closed(ctx._name, x) if isinstance(x, Variable) else x for x in (result if several else [result])
        ]
        return tuple(closed) if several else closed[0]

    return wrapped


def _closed(name: str, x: Variable) -> Variable:
    """x as the result of something that has no gradient."""

    def refuse(g: Any) -> Any:
        raise NotDifferentiable(
            f"the backward of {name} is marked once_differentiable, so its gradient has no gradient"
        )

    leaf = wrap(x._data, x._device)
    leaf._requires = True
    out: Variable = wrap(x._data, x._device)
    record(Op(f"once_differentiable_{name}", "x", vjp=(refuse,)), (leaf,), (), (out,))
    return out
