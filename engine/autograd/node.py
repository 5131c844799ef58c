"""What a graph is made of: nodes, and the versions of the memory that they keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.autograd.hooks import NodeHooks, RemovableHandle
from engine.device import Device
from engine.ops import Op, Plan

if TYPE_CHECKING:
    from engine.autograd.tape import Variable


class Version:
    """How often the memory that a tensor and its views share was overwritten.

    values: by anything
    history: by an operation that was recorded, after which views taken before have a wrong history
    """

    # class attributes rather than an __init__: one is made for every result that a rule keeps
    values = 0
    history = 0


class Node:
    """One recorded application of an op.

    parents: per operand a Node, a leaf that gathers its gradient, or None
    slots: per operand, of which of the parent's outputs it is
    shapes: of the outputs
    saved: (tensor, version of its values) of operands, (array, version of its values, Version, slot) of
        results, a Packed of either under saved_tensors_hooks, then plain values; None once freed
    """

    __slots__ = ("attrs", "device", "hooks", "op", "parents", "plan", "saved", "serial", "shapes", "slots")

    op: Op
    plan: Plan
    device: Device
    attrs: tuple[Any, ...]
    parents: list[Node | Variable | None]
    slots: list[int]
    shapes: tuple[tuple[int, ...], ...]
    saved: list[Any] | None
    serial: int
    hooks: NodeHooks | None

    def name(self) -> str:
        return self.op.backward_name()

    @property
    def next_functions(self) -> tuple[tuple[Node | AccumulateGrad | None, int], ...]:
        """Per operand, where its gradient goes: a node and which of its results it belongs to."""
        return tuple(
            (parent if parent is None or isinstance(parent, Node) else AccumulateGrad(parent), slot)
            for parent, slot in zip(self.parents, self.slots, strict=True)
        )

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for whatever users want to note about this node."""
        return self.hooked().metadata

    def hooked(self) -> NodeHooks:
        if self.hooks is None:
            self.hooks = NodeHooks()
        return self.hooks

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call fn(gradients of the operands, gradients of the results) once they are known.

        A tuple that it returns replaces the gradients of the operands.
        """
        return RemovableHandle(self.hooked().after, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call fn(gradients of the results) first; a tuple that it returns replaces them."""
        return RemovableHandle(self.hooked().before, fn)

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class AccumulateGrad:
    """The end of a walk in `next_functions`: adds to the .grad of the leaf `variable`."""

    __slots__ = ("variable",)
    next_functions: tuple[Any, ...] = ()

    def __init__(self, variable: Variable) -> None:
        self.variable = variable

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return hash((AccumulateGrad, id(self.variable)))

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


class Packed:
    """A kept tensor in the form that saved_tensors_hooks gave it.

    variable: the leaf that it was, if one; else node and slot are its place in the graph, node None where it
        has none, or "result" where it is this slot of the keeping node itself
    """

    __slots__ = ("node", "packed", "requires", "slot", "unpack", "variable")

    def __init__(self, unpack: Callable[[Any], Any], packed: Any) -> None:
        self.unpack = unpack
        self.packed = packed
        self.variable: Variable | None = None
        self.node: Node | str | None = None
        self.slot = 0
        self.requires = False
