"""The backward walk: from results to leaves, each node once, after everything that depends on it."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from engine.autograd.mode import MODE
from engine.autograd.tape import (
    Node,
    Variable,
    apply,
    binary,
    check_history,
    create,
    overwrite,
    unary,
    unpack,
)
from engine.dtypes import of
from engine.errors import DTypeError, EngineError, NotDifferentiable, ShapeError
from engine.ops.creation import FULL
from engine.ops.elementwise import ADD, CLONE
from engine.ops.op import ATTR, GRAD, NEEDS, SAVED, VALUE
from engine.ops.reductions import SUM
from engine.ops.shapes import RESHAPE
from engine.ops.updates import ACCUMULATE

_serial = attrgetter("serial")
Gradients = dict[Node, list[Any]]


def backward(
    tensors: Variable | Sequence[Variable],
    grad_tensors: Variable | Sequence[Variable | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Variable | Sequence[Variable] | None = None,
) -> None:
    """Add the gradients of `tensors` to the .grad of the leaves (of `inputs`, where given) behind them.

    grad_tensors: the gradient of each tensor, of its shape; None for 1, where it is a single element
    retain_graph: keep the graph for another walk; as create_graph unless given
    create_graph: record the walk, so that the gradients can be differentiated
    """
    roots = _several(tensors)
    seeds = _seeds(grad_tensors, len(roots))
    retain = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        _walk(roots, seeds, retain, create_graph, None)
        return
    targets = _several(inputs)
    found = _walk(roots, seeds, retain, create_graph, targets)
    fresh = {id(seed._data) for seed in seeds if seed is not None}
    for x, g in zip(targets, found, strict=True):
        if g is not None:
            _deposit(x, g, create_graph, fresh)


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Variable | Sequence[Variable | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`; nobody's .grad changes.

    An input that isn't in the graph raises NotDifferentiable, unless allow_unused (then its gradient is None)
    or materialize_grads (then zeros).
    """
    roots, targets = _several(outputs), _several(inputs)
    for k, target in enumerate(targets):
        if not target._requires:
            raise NotDifferentiable(f"input {k} of grad() doesn't require grad")
    retain = create_graph if retain_graph is None else retain_graph
    found = _walk(roots, _seeds(grad_outputs, len(roots)), retain, create_graph, targets)
    for k, g in enumerate(found):
        if g is None and materialize_grads:
            x = targets[k]
            found[k] = create(FULL, x._device, (tuple(x._data.shape), 0, of(x._data.dtype)))
        elif g is None and not allow_unused:
            raise NotDifferentiable(
                f"input {k} of grad() isn't in the graph of the outputs; pass allow_unused=True to get None"
            )
    return tuple(found)


def _several(tensors: Variable | Sequence[Variable]) -> list[Variable]:
    return [tensors] if isinstance(tensors, Variable) else list(tensors)


def _seeds(given: Variable | Sequence[Variable | None] | None, count: int) -> list[Variable | None]:
    if given is None:
        return [None] * count
    seeds: list[Variable | None] = [given] if isinstance(given, Variable) else list(given)
    if len(seeds) != count:
        raise ShapeError(f"{count} tensors need {count} gradients, not {len(seeds)}")
    return seeds


def _walk(
    roots: Sequence[Variable],
    seeds: Sequence[Variable | None],
    retain: bool,
    create_graph: bool,
    targets: Sequence[Variable] | None,
) -> list[Any]:
    leaves: dict[int, Any] = {}
    pending: Gradients = {}
    before = MODE.enabled
    MODE.enabled = create_graph
    deposited: set[int] = set()
    try:
        for root, seed in zip(roots, seeds, strict=True):
            _seed(root, seed, pending, leaves, targets, create_graph, deposited)
        order = _order(pending)
        wanted = None if targets is None else _wanted(order, targets)
        captured: dict[tuple[Node, int], Any] = {}
        if targets is not None:
            captured = {(t._node, t._slot): None for t in targets if t._node is not None}
        for node in order:
            grads = pending.pop(node, None)
            if grads is None:
                continue
            if captured:
                for slot, g in enumerate(grads):
                    if (node, slot) in captured:
                        captured[node, slot] = g
            if node.retained is not None:
                _retain(node, grads)
            if wanted is not None and node not in wanted:
                continue
            for position, g in _run(node, grads):
                parent = node.parents[position]
                if g is None or parent is None:
                    continue
                if parent.__class__ is Node:
                    _add(
                        pending,
                        parent,
                        node.slots[position],
                        _fitted(node, g, parent.shapes[node.slots[position]]),
                    )
                else:
                    g = _fitted(node, g, parent._data.shape)  # type: ignore[union-attr]  # it is a leaf here
                    _arrive(parent, g, leaves, targets, create_graph, deposited)
            if not retain:
                node.saved = None
    finally:
        MODE.enabled = before
    if targets is None:
        return []
    return [leaves.get(id(t)) if t._node is None else captured[t._node, t._slot] for t in targets]


def _seed(
    root: Variable,
    seed: Variable | None,
    pending: Gradients,
    leaves: dict[int, Any],
    targets: Sequence[Variable] | None,
    create_graph: bool,
    deposited: set[int],
) -> None:
    if not root._requires:
        raise NotDifferentiable(
            "this tensor doesn't require grad and has no history, so there is nothing to differentiate; "
            "set requires_grad=True on what it is computed from, and compute it outside no_grad()"
        )
    shape = root._data.shape
    dtype = of(root._data.dtype)
    if seed is None:
        if root._data.size != 1:
            raise NotDifferentiable(
                f"a gradient can be created implicitly only for a single element, and this tensor has shape "
                f"{tuple(shape)}; reduce it first, or pass the gradient"
            )
        seed = create(FULL, root._device, (tuple(shape), 1, dtype))
    else:
        if tuple(seed._data.shape) != tuple(shape):
            raise ShapeError(
                f"the gradient has shape {tuple(seed._data.shape)} and its tensor {tuple(shape)}"
            )
        if seed._data.dtype != root._data.dtype:
            raise DTypeError(f"the gradient is {seed._data.dtype} and its tensor {root._data.dtype}")
        deposited.add(id(seed._data))
    if root._node is None:
        _arrive(root, seed, leaves, targets, create_graph, deposited)
    else:
        check_history(root)
        _add(pending, root._node, root._slot, seed)


def _order(pending: Gradients) -> list[Node]:
    """Every node behind the roots, the latest first: operands are always older than results."""
    seen: set[Node] = set(pending)
    stack = list(pending)
    while stack:
        for parent in stack.pop().parents:
            if parent.__class__ is Node and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_serial, reverse=True)


def _wanted(order: list[Node], targets: Sequence[Variable]) -> set[Node]:
    """The nodes from which a target can be reached."""
    leaves = {id(t) for t in targets if t._node is None}
    nodes = {t._node for t in targets if t._node is not None}
    wanted: set[Node] = set()
    for node in reversed(order):
        for parent in node.parents:
            if parent.__class__ is Node:
                if parent in wanted or parent in nodes:
                    wanted.add(node)
                    break
            elif id(parent) in leaves:
                wanted.add(node)
                break
    return wanted


def _run(node: Node, grads: list[Any]) -> list[tuple[int, Any]]:
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
            elif kind == NEEDS:
                args.append(node.plan.needs)
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


def _fitted(node: Node, g: Any, shape: tuple[int, ...]) -> Any:
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
    return g if g._data.shape == shape else unary(RESHAPE, g, (shape,))


def _add(pending: Gradients, node: Node, slot: int, g: Any) -> None:
    grads = pending.get(node)
    if grads is None:
        grads = pending[node] = [None] * len(node.shapes)
    grads[slot] = g if grads[slot] is None else binary(ADD, grads[slot], g)


def _arrive(
    leaf: Any,
    g: Any,
    leaves: dict[int, Any],
    targets: Sequence[Variable] | None,
    create_graph: bool,
    deposited: set[int],
) -> None:
    if targets is None:
        _deposit(leaf, g, create_graph, deposited)
    else:
        known = leaves.get(id(leaf))
        leaves[id(leaf)] = g if known is None else binary(ADD, known, g)


def _deposit(leaf: Any, g: Any, create_graph: bool, deposited: set[int]) -> None:
    """Add to a tensor's .grad: in place, unless the sum itself must be differentiable."""
    before = leaf.grad
    if before is None:
        # .grad must own its memory: a view, or an array that came by another way too, is copied
        if g._data.base is not None or id(g._data) in deposited:
            g = unary(CLONE, g)
        deposited.add(id(g._data))
        leaf.grad = g
    elif create_graph:
        leaf.grad = binary(ADD, before, g)
    else:
        overwrite(ACCUMULATE, (before, g))


def _retain(node: Node, grads: list[Any]) -> None:
    for reference in node.retained or ():
        x = reference()
        if x is not None and grads[x._slot] is not None:
            x.grad = apply(CLONE, (grads[x._slot],))
