"""Checking a model definition, and building it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from engine.device import CPU, Device
from engine.spec.complaints import Complaints
from engine.spec.definitions import Definition, read_definition
from engine.spec.inference import Inference, LayerReport, Outline, construct
from engine.spec.meter import MeteredDevice, Tally
from engine.spec.network import Network
from engine.spec.writing import to_definition
from engine.tensor.random import default_generator, manual_seed


@dataclass(frozen=True)
class ModelReport:
    """A valid model. Shapes are of one sample, without the batch axis.

    output_shapes: of each value that it gives; output_shape: of the first
    definition: canonical: inferred arguments filled in, arguments at their defaults left out
    flops_per_sample: of the forward pass, two for each multiply-accumulate (see engine/spec/meter.py)
    plan: what the module is built from, so that nothing is checked twice; not part of `to_dict`
    """

    definition: dict[str, Any]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    output_shapes: tuple[tuple[int, ...], ...]
    input_dtype: str
    parameters: int
    flops_per_sample: int
    layers: list[LayerReport]
    plan: "Plan" = field(repr=False, compare=False)

    @property
    def sha256(self) -> str:
        """The hash of the canonical definition in hexadecimal: equal models have equal ones."""
        text = json.dumps(self.definition, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        kept = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "plan"}
        layers = [asdict(layer) for layer in self.layers]
        return json.loads(json.dumps({**kept, "layers": layers}))  # type: ignore[no-any-return]  # an object in, an object out


@dataclass(frozen=True)
class Plan:
    """A checked definition with every argument known."""

    outline: Outline
    definition: Definition

    def build(self, device: Device) -> Network:
        """The module, its weights drawn from the default generator."""
        return construct(self.outline, device, self.definition)


def check_model(definition: Mapping[str, Any]) -> ModelReport:
    """What a definition says, once it is found valid; nothing is allocated, however large it is.

    Raises SpecError with every problem found, whatever JSON value it is given.
    """
    complaints = Complaints()
    read = read_definition(definition, complaints)
    inference = Inference(read, complaints)
    with untouched_generator():
        outline, outputs = inference.run()
        complaints.raise_any()
        # a definition that nothing was wrong with has all of these
        assert outline is not None
        assert outputs is not None
        assert read.input_shape is not None
        plan = Plan(outline, read)
        canonical = to_definition(plan.build(inference.device))
    return ModelReport(
        definition=canonical,
        input_shape=read.input_shape,
        output_shape=outputs[0].shape[1:],
        output_shapes=tuple(output.shape[1:] for output in outputs),
        input_dtype=read.input_dtype or "float32",
        parameters=inference.parameters,
        flops_per_sample=sum(layer.flops for layer in inference.layers),
        layers=inference.layers,
        plan=plan,
    )


def canonical_sha256(definition: Mapping[str, Any]) -> str:
    """The `sha256` of the definition's report."""
    return check_model(definition).sha256


def build_model(definition: Mapping[str, Any], seed: int = 0) -> Network:
    """The module on the CPU, in training mode. Seeds the default generator and draws the weights from it.

    Raises SpecError as check_model does.
    """
    plan = check_model(definition).plan
    manual_seed(seed)
    return plan.build(CPU)


def metered_model(model: ModelReport) -> tuple[Network, MeteredDevice, Tally]:
    """The module on a metered device, with that device and its tally: no values, all work counted."""
    tally = Tally()
    device = MeteredDevice(tally)
    with untouched_generator():
        return model.plan.build(device), device, tally


@contextmanager
def untouched_generator() -> Iterator[None]:
    """What is drawn within the block isn't missed afterwards."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(state)
