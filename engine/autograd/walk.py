"""The backward walk: from results to leaves, each node once, after everything that depends on it."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from engine.autograd.hooks import LeafHooks, NodeHooks
from engine.autograd.mode import MODE
from engine.autograd.node import Node
from engine.autograd.rules import check_finite, fitted, operand_gradients, replaced, replaced_all
from engine.autograd.tape import Variable, binary, check_history, create, overwrite, unary
from engine.dtypes import of
from engine.errors import DTypeError, EngineError, NotDifferentiable, ShapeError
from engine.ops.creation import FULL
from engine.ops.elementwise import ADD, CAST, CLONE
from engine.ops.updates import ACCUMULATE

_serial = attrgetter("serial")


def backward(
    tensors: Variable | Sequence[Variable],
    grad_tensors: Variable | Sequence[Variable | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: None = None,
    inputs: Variable | Sequence[Variable] | None = None,
) -> None:
    """Add the gradients of `tensors` to the .grad of the leaves (of `inputs`, where given) behind them.

    grad_tensors: the gradient of each tensor, of its shape; None for 1, where it is a single element
    retain_graph: keep the graph for another walk; as create_graph unless given
    create_graph: record the walk, so that the gradients can be differentiated
    """
    if grad_variables is not None:
        raise EngineError("backward: grad_variables is the old name of grad_tensors; pass it as grad_tensors")
    roots = _several(tensors)
    seeds = _seeds(grad_tensors, len(roots))
    walk = _Walk(retain_graph, create_graph, None if inputs is None else _several(inputs))
    if walk.targets is not None and not walk.targets:
        raise NotDifferentiable("backward: inputs is empty; leave it out to reach all leaves")
    found = walk.run(roots, seeds)
    walk.deposited.update(id(seed._data) for seed in seeds if seed is not None)
    for x, g in zip(walk.targets or (), found, strict=True):
        if g is not None:
            walk.deposit(x, g)


def grad(
    outputs: Variable | Sequence[Variable],
    inputs: Variable | Sequence[Variable],
    grad_outputs: Variable | Sequence[Variable | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`; nobody's .grad changes.

    An input that isn't in the graph raises NotDifferentiable, unless allow_unused (then its gradient is None)
    or materialize_grads (then zeros).
    """
    if not only_inputs:
        raise EngineError(
            "grad: only_inputs=False isn't supported; call backward(), which reaches all leaves"
        )
    if is_grads_batched:
        raise EngineError(
            "grad: is_grads_batched=True isn't supported; call grad() once per row of grad_outputs"
        )
    if materialize_grads and allow_unused is False:
        raise EngineError(
            "grad: materialize_grads=True gives unused inputs zeros; it goes with allow_unused=True"
        )
    roots, targets = _several(outputs), _several(inputs)
    for k, target in enumerate(targets):
        if not isinstance(target, Variable):
            raise NotDifferentiable(f"input {k} of grad() must be a tensor, not {type(target).__name__}")
        if not target._requires:
            raise NotDifferentiable(
                f"input {k} of grad(), of shape {tuple(target._data.shape)}, doesn't require grad; set "
                "requires_grad=True on it before the outputs are computed"
            )
    found = _Walk(retain_graph, create_graph, targets).run(roots, _seeds(grad_outputs, len(roots)))
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


class _Walk:
    """One walk.

    pending: per node the gradients of its results, as far as they are known
    targets: what the gradients are wanted for; None for all leaves, whose .grad takes them
    leaves: by id, the gradients of leaves that are targets
    watched: by id, leaves with hooks and the sums of their gradients
    deposited: ids of arrays that already belong to somebody
    """

    def __init__(self, retain: bool | None, create_graph: bool, targets: list[Variable] | None) -> None:
        self.retain = create_graph if retain is None else retain
        self.create_graph = create_graph
        self.anomaly = MODE.anomaly
        self.targets = targets
        self.pending: dict[Node, list[Any]] = {}
        self.leaves: dict[int, Any] = {}
        self.watched: dict[int, tuple[Any, Any]] = {}
        self.deposited: set[int] = set()

    def run(self, roots: Sequence[Variable], seeds: Sequence[Variable | None]) -> list[Any]:
        targets = self.targets
        # gradients come in the dtypes of the forward pass, also under autocast
        before = MODE.enabled, MODE.casting
        MODE.enabled, MODE.casting = self.create_graph, None
        try:
            for root, seed in zip(roots, seeds, strict=True):
                self.seed(root, seed)
            order = _order(self.pending)
            wanted = None if targets is None else _wanted(order, targets)
            captured: dict[tuple[Node, int], Any] = {}
            if targets is not None:
                captured = {(t._node, t._slot): None for t in targets if t._node is not None}
            # leaves with hooks get the sum of their gradients when the last node that adds to it is done
            last = _last_uses(order) if LeafHooks.ever_made else {}
            for node in order:
                grads = self.pending.pop(node, None)
                if grads is not None:
                    self.visit(node, grads, captured, wanted)
                if last:
                    for leaf in last.get(node, ()):
                        self.finish(leaf)
            for leaf, _ in list(self.watched.values()):
                self.finish(leaf)
        finally:
            MODE.enabled, MODE.casting = before
        if targets is None:
            return []
        return [self.leaves.get(id(t)) if t._node is None else captured[t._node, t._slot] for t in targets]

    def seed(self, root: Variable, seed: Variable | None) -> None:
        if not root._requires:
            raise NotDifferentiable(
                f"this tensor of shape {tuple(root._data.shape)} doesn't require grad and has no history, "
                "so there "
                "is nothing to differentiate; set requires_grad=True on what it is computed from, and "
                "compute it "
                "outside no_grad()"
            )
        shape = root._data.shape
        dtype = of(root._data.dtype)
        if seed is None:
            if root._data.size != 1:
                raise NotDifferentiable(
                    "a gradient can be created implicitly only for a single element, and this tensor has "
                    "shape "
                    f"{tuple(shape)}; reduce it first, or pass the gradient"
                )
            if dtype.is_complex:
                raise NotDifferentiable(
                    f"a gradient can be created implicitly only for a real tensor, not {dtype}; pass the "
                    "gradient"
                )
            seed = create(FULL, root._device, (tuple(shape), 1, dtype))
        else:
            if not isinstance(seed, Variable):
                raise NotDifferentiable(f"a gradient must be a tensor or None, not {type(seed).__name__}")
            if tuple(seed._data.shape) != tuple(shape):
                raise ShapeError(
                    f"the gradient has shape {tuple(seed._data.shape)} and its tensor {tuple(shape)}"
                )
            if seed._data.dtype != dtype.numpy:
                raise DTypeError(f"the gradient is {of(seed._data.dtype)} and its tensor {dtype}")
            self.deposited.add(id(seed._data))
        if root._node is not None:
            check_history(root)
        if root._node is None:
            self.arrive(root, seed)
        else:
            self.add(root._node, root._slot, seed)

    def visit(
        self, node: Node, grads: list[Any], captured: dict[tuple[Node, int], Any], wanted: set[Node] | None
    ) -> None:
        hooks = node.hooks
        if hooks is not None:
            _tensor_hooks(node, hooks, grads)
        if captured:
            for slot, g in enumerate(grads):
                if (node, slot) in captured:
                    captured[node, slot] = g
        if wanted is not None and node not in wanted:
            return
        if hooks is not None and hooks.before:
            grads = replaced_all(node, hooks.before, grads, grads)
        found = operand_gradients(node, grads)
        if self.anomaly:
            check_finite(node, found)
        if hooks is not None and hooks.after:
            given: list[Any] = [None] * len(node.parents)
            for position, g in found:
                given[position] = g
            found = list(enumerate(replaced_all(node, hooks.after, given, given, grads)))
        for position, g in found:
            parent = node.parents[position]
            if g is None or parent is None:
                continue
            if parent.__class__ is Node:
                slot = node.slots[position]
                if g._data.shape != parent.shapes[slot]:
                    g = fitted(node, g, parent.shapes[slot])
                self.add(parent, slot, g)
            else:
                own: Any = parent._data  # type: ignore[union-attr]  # it is a leaf here
                if g._data.shape != own.shape or g._data.dtype is not own.dtype:
                    g = _of_leaf(node, g, parent)
                if self.targets is None and not LeafHooks.ever_made:
                    self.deposit(parent, g)
                else:
                    self.arrive(parent, g)
        if not self.retain:
            node.saved = None

    def add(self, node: Node, slot: int, g: Any) -> None:
        grads = self.pending.get(node)
        if grads is None:
            grads = self.pending[node] = [None] * len(node.shapes)
        grads[slot] = g if grads[slot] is None else binary(ADD, grads[slot], g)

    def arrive(self, leaf: Any, g: Any) -> None:
        if LeafHooks.ever_made and getattr(leaf, "_hooks", None) is not None:
            known = self.watched.get(id(leaf))
            self.watched[id(leaf)] = leaf, g if known is None else binary(ADD, known[1], g)
        else:
            self.take(leaf, g)

    def take(self, leaf: Any, g: Any) -> None:
        if self.targets is None:
            self.deposit(leaf, g)
        else:
            known = self.leaves.get(id(leaf))
            self.leaves[id(leaf)] = g if known is None else binary(ADD, known, g)

    def finish(self, leaf: Any) -> None:
        """Run the hooks of a leaf whose gradient is complete, and let it have the result."""
        _, g = self.watched.pop(id(leaf), (None, None))
        if g is None:
            return
        for hook in list(leaf._hooks.before.values()):
            g = replaced("a leaf", hook, g)
        self.take(leaf, g)

    def deposit(self, leaf: Any, g: Any) -> None:
        """Add to a tensor's .grad: in place, unless the sum itself must be differentiable."""
        before = leaf.grad
        if before is None:
            # .grad must own its memory: a view, or an array that came by another way too, is copied
            if g._data.base is not None or id(g._data) in self.deposited:
                g = unary(CLONE, g)
            self.deposited.add(id(g._data))
            leaf.grad = g
        elif self.create_graph:
            leaf.grad = binary(ADD, before, g)
        else:
            overwrite(ACCUMULATE, (before, g))
        if LeafHooks.ever_made:
            hooks = getattr(leaf, "_hooks", None)
            for hook in list(hooks.after.values()) if hooks is not None else ():
                if hook(leaf) is not None:
                    raise EngineError("a post-accumulate-grad hook must return None; it may change x.grad")


def _of_leaf(node: Node, g: Any, leaf: Any) -> Any:
    """A gradient in its leaf's shape and dtype: a weight may meet operands of another precision."""
    g = fitted(node, g, leaf._data.shape)
    dtype = leaf._data.dtype
    if g._data.dtype is not dtype and g._data.dtype != dtype:
        g = unary(CAST, g, (of(dtype),))
    return g


def _order(pending: dict[Node, list[Any]]) -> list[Node]:
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


def _last_uses(order: list[Node]) -> dict[Node, list[Any]]:
    """Per node, the leaves with hooks to which it is the last of the walk to give a gradient."""
    last: dict[int, tuple[Node, Any]] = {}
    for node in order:
        for parent in node.parents:
            if parent is not None and parent.__class__ is not Node and hasattr(parent, "_hooks"):
                last[id(parent)] = node, parent
    found: dict[Node, list[Any]] = {}
    for node, leaf in last.values():
        found.setdefault(node, []).append(leaf)
    return found


def _tensor_hooks(node: Node, hooks: NodeHooks, grads: list[Any]) -> None:
    for slot, hook in list(hooks.tensor.values()):
        if grads[slot] is not None:
            grads[slot] = replaced(node.name(), hook, grads[slot])
    for reference in hooks.retained:
        x = reference()
        if x is not None and grads[x._slot] is not None:
            g = grads[x._slot]
            x.grad = unary(CLONE, g) if x.grad is None else binary(ADD, x.grad, g)
