"""Checking a model definition, and building it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from engine.device import CPU
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

    definition: canonical: inferred arguments filled in, arguments at their defaults left out
    flops_per_sample: of the forward pass, two for each multiply-accumulate (see engine/spec/meter.py)
    """

    definition: dict[str, Any]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    input_dtype: str
    parameters: int
    flops_per_sample: int
    layers: list[LayerReport]

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


def check_model(definition: Mapping[str, Any]) -> ModelReport:
    """What a definition says, once it is found valid; nothing is allocated, however large it is.

    Raises SpecError with every problem found, whatever JSON value it is given.
    """
    return _check(definition)[0]


def canonical_sha256(definition: Mapping[str, Any]) -> str:
    """The hash of the canonical form in hexadecimal: equal models have equal ones."""
    text = json.dumps(check_model(definition).definition, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def build_model(definition: Mapping[str, Any], seed: int = 0) -> Network:
    """The module on the CPU, in training mode. Seeds the default generator and draws the weights from it.

    Raises SpecError as check_model does.
    """
    _, outline, read = _check(definition)
    manual_seed(seed)
    return construct(outline, CPU, read)


def metered_model(definition: Mapping[str, Any]) -> tuple[Network, MeteredDevice, Tally]:
    """The module on a metered device, with that device and its tally: no values, all work counted."""
    _, outline, read = _check(definition)
    tally = Tally()
    device = MeteredDevice(tally)
    with untouched_generator():
        return construct(outline, device, read), device, tally


@contextmanager
def untouched_generator() -> Iterator[None]:
    """What is drawn within the block isn't missed afterwards."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(state)


def _check(definition: Mapping[str, Any]) -> tuple[ModelReport, Outline, Definition]:
    complaints = Complaints()
    read = read_definition(definition, complaints)
    inference = Inference(read, complaints)
    with untouched_generator():
        outline, output = inference.run()
        complaints.raise_any()
        # a definition that nothing was wrong with has all of these
        assert outline is not None
        assert output is not None
        assert read.input_shape is not None
        canonical = to_definition(construct(outline, inference.device, read))
    report = ModelReport(
        definition=canonical,
        input_shape=read.input_shape,
        output_shape=output.shape[1:],
        input_dtype=read.input_dtype or "float32",
        parameters=inference.parameters,
        flops_per_sample=sum(layer.flops for layer in inference.layers),
        layers=inference.layers,
    )
    return report, outline, read
