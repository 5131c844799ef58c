"""Shapes through a definition: what each layer gets and gives, what was left out, what doesn't fit.

Every node is built and run on a metered device, without values. After a fault inference goes on where it
can: a wrong in_features is read as the right one, a layer that can't run is skipped with all that depends
on it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from engine.autograd import no_grad
from engine.device import Device
from engine.dtypes import dtype
from engine.errors import EngineError
from engine.nn import Module
from engine.spec.batches import (
    BATCHES,
    Batches,
    Shape,
    batch_axis,
    can_run_on_nothing,
    elsewhere,
    run_on_nothing,
    sample_shape,
)
from engine.spec.bodies import Body, output_place
from engine.spec.complaints import Complaints, at, show
from engine.spec.conventions import breach
from engine.spec.definitions import Definition
from engine.spec.entries import INFERRED, Entry, Part
from engine.spec.masks import with_masks
from engine.spec.meter import MeteredDevice, Tally, TooManyCalls
from engine.spec.network import Network, Step, Wiring, repeated
from engine.spec.nodes import INPUT, Node
from engine.spec.references import NoSuchValue, first_of, source_of, value_of
from engine.tensor import Tensor, creation

MOST_PARAMETERS = 2**31  # elements in one model
MOST_VALUES = 2**31  # elements of one sample between two layers
MOST_CALLS = 40_000  # of kernels in three forward passes; each takes about 10 us
MOST_COPIES = 1024  # that one layer makes of another
MOST_AXES = 32  # of one sample; arrays end at 64

# how a layer says that it can't be built or run
REFUSALS = (EngineError, ValueError, TypeError, IndexError, ArithmeticError)

Results = tuple[Any, ...]  # what a node gives for each of BATCHES: tensors, or tuples of them


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
        self.tally = Tally(MOST_CALLS)
        self.device = MeteredDevice(self.tally)
        self.layers: list[LayerReport] = []
        self.parameters = 0
        # a fault inside a block is told once, not at each of its uses
        self._told: set[tuple[str, str]] = set()
        self._at = ""  # the node that is being run

    def run(self) -> tuple[Outline | None, tuple[Tensor, ...] | None]:
        """The outline, and the outputs for a batch of BATCHES[0]; None where a fault stands in the way."""
        body, shape = self.definition.body, self.definition.input_shape
        if body is None:
            return None, None
        given: Batches | None = None
        if shape is not None and self.definition.input_dtype is not None:
            kind = dtype(self.definition.input_dtype)
            given = tuple(creation.empty((n, *shape), dtype=kind, device=self.device) for n in BATCHES)
            given = given if self._fits(given[0], "/input/shape", "the input") else None
        try:
            with no_grad():
                outline, outputs = self._body(body, None, given, "")
        except TooManyCalls:
            detail = f"the model is too deep: up to here it calls {MOST_CALLS:,} kernels, the limit"
            self._tell(self._at, detail)
            return None, None
        self.tally.most_calls = math.inf
        return outline, tuple(output[0] for output in outputs) if outputs else None

    def _body(
        self, body: Body, block: str | None, given: Batches | None, path: str
    ) -> tuple[Outline, list[Batches] | None]:
        outline = Outline(body, block)
        makers = {node.name: node for node in body.nodes}
        values: dict[str, Results | None] = {INPUT: given}

        def look_up(reference: str, pointer: str) -> Batches | None:
            name = source_of(reference)
            results = values[name]
            return None if results is None else self._part(results, reference, makers.get(name), pointer)

        is_graph = body.style == "nodes"
        for node in body.nodes:
            inputs = [
                look_up(reference, at(node.pointer, "inputs", k) if is_graph else node.pointer)
                for k, reference in enumerate(node.inputs)
            ]
            layer, values[node.name] = self._node(node, inputs, path + node.name)
            outline.layers.append(layer)
        outputs = []
        for position, reference in enumerate(body.outputs):
            pointer = output_place(body, position)
            output = look_up(reference, pointer)
            axis = 0 if output is None else batch_axis(output)
            if axis:
                self._tell(pointer, elsewhere(reference, axis))
            elif output is not None:
                outputs.append(output)
        return outline, outputs if 0 < len(body.outputs) == len(outputs) else None

    def _part(self, results: Results, reference: str, maker: Node | None, pointer: str) -> Batches | None:
        """The value that a reference names; None after a complaint."""
        name = source_of(reference)
        try:
            part = tuple(value_of({name: result}, reference) for result in results)
        except NoSuchValue as error:
            self._tell(pointer, str(error))
            return None
        if maker is None or isinstance(results[0], Tensor):
            return part
        if maker.entry is not None and maker.entry.kind == "function" and reference == name:
            if "/nodes/" in maker.pointer:
                say = f"name one, such as {show(f'{name}.0')}"
            else:
                say = "write the model as nodes to name one"
            self._tell(pointer, f"{maker.type} gives {len(results[0])} values; {say}")
            return None
        # the states of recurrent layers have layers before the batch; a node must bring it to the front
        return part if batch_axis(part) or self._follows_batch(maker, part) else None

    def _node(self, node: Node, inputs: list[Batches | None], name: str) -> tuple[Layer, Results | None]:
        layer = Layer(node, dict(node.values))
        known = [pair for pair in inputs if pair is not None]
        is_known = len(known) == len(inputs)
        if node.type in self.definition.blocks:
            value = known[0] if is_known else None
            for turn in range(node.repeat):
                below = f"{name}.{turn}." if node.repeat > 1 else f"{name}."
                outline, given = self._body(self.definition.blocks[node.type], node.type, value, below)
                value = given[0] if given else None
                layer.copies.append(outline)
            return layer, value
        if node.entry is None or not node.is_whole or not is_known:
            return layer, None
        if not self._infer(node, node.entry, layer.values, [pair[0].shape for pair in known]):
            return layer, None
        return layer, self._apply(node, node.entry, layer.values, known, name)

    def _infer(self, node: Node, entry: Entry, values: dict[str, Any], shapes: list[Shape]) -> bool:
        """Fill in, and correct, the arguments that the inputs' shapes say; False if they can't say them."""
        for name in INFERRED.keys() & entry.arguments.keys():
            position, axis = INFERRED[name]
            shape = shapes[min(position, len(shapes) - 1)]
            if len(shape) < 2:
                self._tell(
                    node.pointer,
                    f"{entry.name} needs samples with at least one axis, "
                    f"{_source(node, position)} gives single numbers",
                )
                return False
            given = values.get(name, shape[axis])
            if isinstance(given, int) and given != shape[axis]:
                detail = f"{name} is {given}, {_source(node, position)} gives {shape[axis]}"
                self._tell(at(node.pointer, name), detail)
                given = shape[axis]
            values[name] = given
        told = breach(node, entry, values)
        if told is not None:
            self._tell(*told)
        return told is None

    def _apply(
        self, node: Node, entry: Entry, values: dict[str, Any], inputs: list[Batches], name: str
    ) -> Results | None:
        """Build the layer and run it; None after a complaint."""
        self._at = node.pointer
        copies = _copies(values)
        if copies > MOST_COPIES:
            detail = f"too large: {entry.name} makes {copies:,} layers of its own; the limit is {MOST_COPIES}"
            self._tell(node.pointer, detail)
            return None
        try:
            made = entry.make(values, device=self.device)
            operation = partial(_run, made, entry.called(values))
            before = self.tally.flops
            first = operation(*[pair[0] for pair in inputs])
            flops = self.tally.flops - before
            others = []
            for size, tensors in list(zip(BATCHES, zip(*inputs, strict=True), strict=True))[1:]:
                if size == 1 and isinstance(made, Module):
                    made.eval()  # some can't be trained on a single sample
                others.append(operation(*tensors))
        except REFUSALS as error:
            self._refuse(node, entry, inputs, f"{error} (with a batch of {BATCHES[0]})")
            return None
        parameters = _parameters(made)
        self._count(node, parameters)
        results = first, *others
        try:
            leaf = first_of(first)
        except NoSuchValue as error:
            self._tell(node.pointer, f"{entry.name} can't be a node: {error}")
            return None
        # of several values each is looked at where it is used
        if leaf is first and not self._follows_batch(node, results, inputs):
            return None
        if not self._fits(leaf, node.pointer, f"the output of {entry.name}"):
            return None
        is_plain = not parameters and leaf is first and all(map(can_run_on_nothing, (*inputs, results)))
        if is_plain and not any(batches[0].dtype.is_floating_point for batches in inputs):
            try:
                run_on_nothing(operation, inputs)
            except REFUSALS as error:
                self._refuse(node, entry, inputs, str(error))
                return None
        given, gives = sample_shape(inputs[0]), leaf.shape[1:]
        report = LayerReport(name, entry.name, node.pointer, given, gives, parameters, flops // BATCHES[0])
        self.layers.append(report)
        return results

    def _refuse(self, node: Node, entry: Entry, inputs: list[Batches], why: str) -> None:
        shapes = " and ".join(show(list(sample_shape(batches))) for batches in inputs)
        kinds = {batches[0].dtype.name for batches in inputs} - {"float32"}
        kind = f"{kinds.pop()} " if len(kinds) == 1 else ""
        self._tell(node.pointer, f"{entry.name} can't take {kind}samples of shape {shapes}: {why}")

    def _follows_batch(self, node: Node, results: Batches, inputs: Sequence[Batches] = ()) -> bool:
        first = results[0]
        for name, batches in zip(node.inputs, inputs, strict=False):
            if (axis := batch_axis(batches)) and batch_axis(results) != 0:
                self._tell(node.pointer, elsewhere(name, axis))
                return False
        for size, result in zip(BATCHES, results, strict=True):
            if result.shape != (size, *first.shape[1:]) or first.ndim == 0:
                other = results[1] if result is first else result
                self._tell(
                    node.pointer,
                    f"{node.type} mixes the samples of a batch: for {BATCHES[0]} samples it gives shape "
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
        called = entry.called(layer.values) if entry is not None else {}
        values = layer.values if entry is not None else {}
        steps.append(Step(node.name, node.type, operation, node.inputs, values, called))
    wiring = Wiring(tuple(steps), outline.body.outputs, outline.body.style, outline.block)
    if definition is not None:
        shape, kind = definition.input_shape, definition.input_dtype or "float32"
        wiring = replace(wiring, title=definition.name, input_shape=shape, input_dtype=kind)
    return Network(wiring)


def _copies(values: dict[str, Any]) -> int:
    """How many layers a layer makes by itself, with those that each of them makes."""
    counts: list[int] = [
        value for name, value in values.items() if name.startswith("num_") and name.endswith("layers")
    ]
    inner = [_copies(value.values) for value in values.values() if isinstance(value, Part)]
    return max(sum(counts), 1) * max(inner, default=1)


def _run(operation: Any, call: dict[str, Any], *inputs: Tensor) -> Any:
    return operation(*inputs, **with_masks(operation, call, inputs))


def _parameters(operation: Any) -> int:
    return sum(p.numel() for p in operation.parameters()) if isinstance(operation, Module) else 0


def _source(node: Node, position: int = 0) -> str:
    """What gives a node that input, in words."""
    name = node.inputs[min(position, len(node.inputs) - 1)]
    if name == INPUT:
        return "the input"
    return f"its input {show(name)}" if "/nodes/" in node.pointer else "the layer before"


def _memory(elements: int) -> str:
    """The bytes of that many float32 in a readable unit."""
    size = 4.0 * elements
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} ZiB"
