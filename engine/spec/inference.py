"""Shapes through a definition: what each layer gets and gives, what was left out, what doesn't fit.

Every node is built and run on a metered device, without values. After a fault inference goes on where it
can: a wrong in_features is read as the right one, a layer that can't run is skipped with all that depends
on it.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from engine.autograd import no_grad
from engine.device import Device
from engine.dtypes import dtype
from engine.errors import EngineError
from engine.nn import Module
from engine.spec.bodies import Body
from engine.spec.complaints import Complaints, at, show
from engine.spec.definitions import Definition
from engine.spec.entries import INFERRED, Entry
from engine.spec.meter import MeteredDevice, Tally
from engine.spec.network import Network, Step, Wiring, repeated
from engine.spec.nodes import INPUT, Node
from engine.tensor import Tensor, creation

MOST_PARAMETERS = 2**31  # elements in one model
MOST_VALUES = 2**31  # elements of one sample between two layers
MOST_AXES = 32  # of one sample; arrays end at 64
# sizes, so that what should follow the batch axis and doesn't is seen, also where that axis could be dropped
BATCHES = (2, 3, 1)

# how a layer says that it can't be built or run
REFUSALS = (EngineError, ValueError, TypeError, IndexError, ArithmeticError)

Shape = tuple[int, ...]
Batches = tuple[Tensor, ...]  # the same value for each of BATCHES


@dataclass(frozen=True)
class LayerReport:
    """One layer as it is used. Shapes are of one sample; flops are of the forward pass of one sample."""

    name: str
    type: str
    pointer: str
    input_shape: Shape
    output_shape: Shape
    parameters: int
    flops: int


@dataclass
class Layer:
    """A node with every argument known. copies: of a block, one body for each time that it is repeated."""

    node: Node
    values: dict[str, Any]
    copies: list["Outline"] = field(default_factory=list)


@dataclass
class Outline:
    """A body with every argument known."""

    body: Body
    block: str | None
    layers: list[Layer] = field(default_factory=list)


class Inference:
    """One walk through a definition. `layers` and `parameters` tell what was found on the way."""

    def __init__(self, definition: Definition, complaints: Complaints) -> None:
        self.definition = definition
        self.complaints = complaints
        self.tally = Tally()
        self.device = MeteredDevice(self.tally)
        self.layers: list[LayerReport] = []
        self.parameters = 0
        # a fault inside a block is told once, not at each of its uses
        self._told: set[tuple[str, str]] = set()

    def run(self) -> tuple[Outline | None, Tensor | None]:
        """The outline, and the output for a batch of BATCHES[0]; None where a fault stands in the way."""
        body, shape = self.definition.body, self.definition.input_shape
        if body is None:
            return None, None
        given: Batches | None = None
        if shape is not None and self.definition.input_dtype is not None:
            kind = dtype(self.definition.input_dtype)
            given = tuple(creation.empty((n, *shape), dtype=kind, device=self.device) for n in BATCHES)
            given = given if self._fits(given[0], "/input/shape", "the input") else None
        with no_grad():
            outline, output = self._body(body, None, given, "")
        return outline, output[0] if output else None

    def _body(
        self, body: Body, block: str | None, given: Batches | None, path: str
    ) -> tuple[Outline, Batches | None]:
        outline = Outline(body, block)
        values: dict[str, Batches | None] = {INPUT: given}
        for node in body.nodes:
            inputs = [values[name] for name in node.inputs]
            layer, values[node.name] = self._node(node, inputs, path + node.name)
            outline.layers.append(layer)
        return outline, values[body.output] if body.output is not None else None

    def _node(self, node: Node, inputs: list[Batches | None], name: str) -> tuple[Layer, Batches | None]:
        layer = Layer(node, dict(node.values))
        known = [pair for pair in inputs if pair is not None]
        is_known = len(known) == len(inputs)
        if node.type in self.definition.blocks:
            value = known[0] if is_known else None
            for turn in range(node.repeat):
                below = f"{name}.{turn}." if node.repeat > 1 else f"{name}."
                outline, value = self._body(self.definition.blocks[node.type], node.type, value, below)
                layer.copies.append(outline)
            return layer, value
        if node.entry is None or not node.is_whole or not is_known:
            return layer, None
        if not self._infer(node, node.entry, layer.values, known[0][0].shape):
            return layer, None
        return layer, self._apply(node, node.entry, layer.values, known, name)

    def _infer(self, node: Node, entry: Entry, values: dict[str, Any], shape: Shape) -> bool:
        """Fill in, and correct, the arguments that the input's shape says; False if it can't say them."""
        for name in INFERRED.keys() & entry.arguments.keys():
            axis = INFERRED[name]
            if len(shape) < 2:
                self._tell(
                    node.pointer,
                    f"{entry.name} needs samples with at least one axis, "
                    f"{_source(node)} gives single numbers",
                )
                return False
            if values.get(name, shape[axis]) != shape[axis]:
                detail = f"{name} is {values[name]}, {_source(node)} gives {shape[axis]}"
                self._tell(at(node.pointer, name), detail)
            values[name] = shape[axis]
        return True

    def _apply(
        self, node: Node, entry: Entry, values: dict[str, Any], inputs: list[Batches], name: str
    ) -> Batches | None:
        """Build the layer and run it; None after a complaint."""
        try:
            operation = entry.make(values, device=self.device)
            before = self.tally.flops
            first = operation(*[pair[0] for pair in inputs])
            flops = self.tally.flops - before
            others = [operation(*tensors) for tensors in list(zip(*inputs, strict=True))[1:]]
        except REFUSALS as error:
            self._refuse(node, entry, inputs, f"{error} (with a batch of {BATCHES[0]})")
            return None
        parameters = _parameters(operation)
        self._count(node, parameters)
        if not self._follows_batch(node, entry, [first, *others]):
            return None
        if not self._fits(first, node.pointer, f"the output of {entry.name}"):
            return None
        if not parameters and any(not batches[0].dtype.is_floating_point for batches in inputs):
            try:
                _run_on_nothing(operation, inputs)
            except REFUSALS as error:
                self._refuse(node, entry, inputs, str(error))
                return None
        given, gives = inputs[0][0].shape[1:], first.shape[1:]
        report = LayerReport(name, entry.name, node.pointer, given, gives, parameters, flops // BATCHES[0])
        self.layers.append(report)
        return first, *others

    def _refuse(self, node: Node, entry: Entry, inputs: list[Batches], why: str) -> None:
        shapes = " and ".join(show(list(batches[0].shape[1:])) for batches in inputs)
        kinds = {batches[0].dtype.name for batches in inputs} - {"float32"}
        kind = f"{kinds.pop()} " if len(kinds) == 1 else ""
        self._tell(node.pointer, f"{entry.name} can't take {kind}samples of shape {shapes}: {why}")

    def _follows_batch(self, node: Node, entry: Entry, results: list[Any]) -> bool:
        first = results[0]
        if not isinstance(first, Tensor):
            self._tell(node.pointer, f"{entry.name} gives several values, and a node has one")
            return False
        for size, result in zip(BATCHES, results, strict=True):
            if result.shape != (size, *first.shape[1:]) or first.ndim == 0:
                other = results[1] if result is first else result
                self._tell(
                    node.pointer,
                    f"{entry.name} mixes the samples of a batch: for {BATCHES[0]} samples it gives shape "
                    f"{show(list(first.shape))}, for {BATCHES[1] if result is first else size} "
                    f"{show(list(other.shape))}; axis 0 is the batch, which must stay as it is",
                )
                return False
        return True

    def _count(self, node: Node, parameters: int) -> None:
        """Add to the model's parameters, with one complaint once there are too many."""
        before, self.parameters = self.parameters, self.parameters + parameters
        if before <= MOST_PARAMETERS < self.parameters:
            alone = parameters > MOST_PARAMETERS
            whose = "the layer has" if alone else "with this layer the model has"
            count = parameters if alone else self.parameters
            detail = f"too large: {whose} {count:,} parameters, {_memory(count)} as float32"
            self._tell(node.pointer, f"{detail}; the limit is {MOST_PARAMETERS:,}")

    def _fits(self, value: Tensor, pointer: str, what: str) -> bool:
        if value.ndim - 1 > MOST_AXES:
            self._tell(pointer, f"{what} has {value.ndim - 1} axes a sample; the limit is {MOST_AXES}")
            return False
        size = value.numel() // BATCHES[0]
        if size <= MOST_VALUES:
            return True
        memory = _memory(size)
        detail = f"too large: {what} has {size:,} values a sample, {memory} as float32"
        self._tell(pointer, f"{detail}; the limit is {MOST_VALUES:,}")
        return False

    def _tell(self, pointer: str, detail: str) -> None:
        if (pointer, detail) not in self._told:
            self._told.add((pointer, detail))
            self.complaints.add(pointer, detail)


def construct(outline: Outline, device: Device, definition: Definition | None = None) -> Network:
    """The module, its weights drawn from the default generator in the order of the nodes.

    definition: what a whole model knows beside its layers; None for a block
    """
    steps = []
    for layer in outline.layers:
        node, entry = layer.node, layer.node.entry
        operation: Any
        if entry is None:
            operation = repeated([construct(copy, device) for copy in layer.copies])
        else:
            operation = entry.make(layer.values, device=device)
        values = layer.values if entry is not None and entry.kind == "function" else {}
        steps.append(Step(node.name, node.type, operation, node.inputs, values))
    wiring = Wiring(tuple(steps), outline.body.output or "", outline.body.style, outline.block)
    if definition is not None:
        shape, kind = definition.input_shape, definition.input_dtype or "float32"
        wiring = replace(wiring, title=definition.name, input_shape=shape, input_dtype=kind)
    return Network(wiring)


def _run_on_nothing(operation: Any, inputs: list[Batches]) -> None:
    """Run a layer without parameters in earnest, on a batch of no samples, which takes no memory.

    With integers this may raise where shapes alone don't: a number that their type can't hold.
    """
    operation(*[creation.empty((0, *batches[0].shape[1:]), dtype=batches[0].dtype) for batches in inputs])


def _parameters(operation: Any) -> int:
    return sum(p.numel() for p in operation.parameters()) if isinstance(operation, Module) else 0


def _source(node: Node) -> str:
    """What gives a node its first input, in words."""
    if node.inputs[0] == INPUT:
        return "the input"
    return f"its input {show(node.inputs[0])}" if "/nodes/" in node.pointer else "the layer before"


def _memory(elements: int) -> str:
    """The bytes of that many float32 in a readable unit."""
    size = 4.0 * elements
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} ZiB"
