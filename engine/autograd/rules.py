"""Running the gradient rules of one node."""

import math
from typing import Any

import numpy as np

from engine.autograd.mode import MODE
from engine.autograd.node import Node
from engine.autograd.tape import Variable, unary, viewed
from engine.autograd.views import unpack
from engine.dtypes import float64, of
from engine.errors import EngineError, NonFinite, NotDifferentiable, ShapeError
from engine.ops.elementwise import CAST
from engine.ops.op import ATTR, GRAD, GRADS, NEEDS, RECORDED, SAVED, VALUE
from engine.ops.reductions import SUM
from engine.ops.shapes import RESHAPE


def operand_gradients(node: Node, grads: list[Any]) -> list[tuple[int, Any]]:
    """The gradients that a node's rules give, as (position of the operand, gradient)."""
    saved = node.saved
    if saved is None:
        raise NotDifferentiable(
            "trying to go backward through the graph a second time: what it kept was freed by the first; "
            "pass retain_graph=True to the first backward() or grad()"
        )
    attrs = node.attrs
    out: list[tuple[int, Any]] = []
    for position, rule, places in node.plan.steps:
        args: list[Any] = []
        for kind, where in places:
            if kind == GRAD:
                args.append(grads[where])
            elif kind == SAVED:
                args.append(unpack(node, saved[where]))
            elif kind == ATTR:
                args.append(attrs[where])
            elif kind == VALUE:
                args.append(saved[where])
            elif kind == GRADS:
                args.append(tuple(grads))
            elif kind == NEEDS:
                args.append(node.plan.needs)
            elif kind == RECORDED:
                args.append(MODE.enabled)
            else:
                args.append(tuple(unpack(node, saved[k]) if one == SAVED else saved[k] for one, k in where))
        result = rule(*args)
        if position >= 0:
            out.append((position, result))
        else:
            if len(result) != len(node.parents):
                raise EngineError(
                    f"the gradient rule of {node.op.name!r} gave {len(result)} gradients "
                    f"for {len(node.parents)} operands"
                )
            out.extend(enumerate(result))
    return out


def fitted(node: Node, g: Any, shape: tuple[int, ...]) -> Any:
    """A gradient in its operand's shape: the one place where broadcasting is undone."""
    given = g._data.shape
    if given == shape:
        return g
    if not node.op.broadcasts or len(given) < len(shape):
        raise ShapeError(
            f"the gradient rule of {node.op.name!r} gave shape {tuple(given)} for an operand of {shape}"
        )
    lead = len(given) - len(shape)
    axes = tuple(
        axis for axis in range(len(given)) if axis < lead or (shape[axis - lead] == 1 and given[axis] != 1)
    )
    if axes:
        g = unary(SUM, g, (axes, False))
    if g._data.shape == shape:
        return g
    if g._data.size != math.prod(shape):
        raise ShapeError(
            f"the gradient rule of {node.op.name!r} gave shape {tuple(given)} for an operand of "
            f"{tuple(shape)}"
        )
    return viewed(RESHAPE, g, (shape,))


def replaced(where: str, hook: Any, g: Any) -> Any:
    """A gradient after one hook has seen it; what the hook returns takes its place."""
    new = hook(g)
    if new is None:
        return g
    _check_replacement(where, new, g)
    return new


def replaced_all(node: Node, hooks: dict[int, Any], grads: list[Any], *shown: list[Any]) -> list[Any]:
    """The gradients of a node after its hooks, which see `shown` and may return new ones as a tuple."""
    for hook in list(hooks.values()):
        new = hook(*[tuple(each) for each in (grads, *shown[1:])])
        if new is None:
            continue
        changed = list(new) if isinstance(new, tuple | list) else [new]
        if len(changed) != len(grads):
            raise EngineError(
                f"a hook of {node.name()} returned {len(changed)} gradients, and there are {len(grads)}; "
                "return "
                "as many, or None to leave them"
            )
        for after, before in zip(changed, grads, strict=True):
            if after is not None and before is not None:
                _check_replacement(node.name(), after, before)
        grads = changed
    return grads


def _check_replacement(where: str, new: Any, old: Any) -> None:
    if not isinstance(new, Variable):
        raise EngineError(
            f"a gradient hook of {where} returned {type(new).__name__}; return a tensor, or None"
        )
    if new._data.shape != old._data.shape or new._data.dtype != old._data.dtype:
        raise ShapeError(
            f"a gradient hook of {where} returned {of(new._data.dtype)} of shape {tuple(new._data.shape)} "
            "for a "
            f"gradient of {of(old._data.dtype)} of shape {tuple(old._data.shape)}; both must stay"
        )


def check_finite(node: Node, found: list[tuple[int, Any]]) -> None:
    """Under detect_anomaly: raise NonFinite where a rule gave NaN, naming the op and where it was called."""
    for position, g in found:
        if g is None or node.parents[position] is None or node.device.type == "meta":
            continue
        array = g._device.backend.to_numpy(unary(CAST, g, (float64,))._data)
        if not np.isnan(array).any():
            continue
        made = node.hooks.made_at if node.hooks is not None else None
        where = "".join(made) if made else "  (it was recorded outside detect_anomaly)\n"
        raise NonFinite(
            f"function {node.name()!r} returned nan values in its output {position}: the gradient of operand "
            f"{position} of {node.op.name!r}, of shape {tuple(g._data.shape)}. The forward call:\n{where}"
        )
