"""What can be named, with schemas that agree with what is accepted."""

import inspect
import itertools
import json
from contextlib import suppress
from dataclasses import replace

import jsonschema
import pytest

from engine import nn
from engine.errors import EngineError, SpecError
from engine.spec import catalogue, check_job, check_model
from engine.spec.bounds import BOUNDS
from engine.spec.catalogue import KINDS

IMAGE = {"shape": [1, 28, 28]}
SEQUENCE = {
    "input": IMAGE,
    "layers": [{"type": "Flatten", "end_dim": 2}, {"type": "Linear", "out_features": 11}],
}


def heads(size, count):
    """A model that gives several vectors."""
    names = [f"head{k}" for k in range(count)]
    return {
        "input": IMAGE,
        "nodes": [
            {"name": "flat", "type": "Flatten", "inputs": ["input"]},
            *({"name": n, "type": "Linear", "inputs": ["flat"], "out_features": size} for n in names),
        ],
        "output": names,
    }


def entries(kind):
    return {entry["type"]: entry for entry in catalogue(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_has_a_summary_and_a_valid_schema(kind):
    found = catalogue(kind)
    assert found
    assert json.loads(json.dumps(found)) == found
    for entry in found:
        jsonschema.Draft202012Validator.check_schema(entry["schema"])
        assert entry["schema"]["properties"]["type"] == {"const": entry["type"]}
        assert 0 < len(entry["summary"]) <= 110, entry["type"]
        assert "\n" not in entry["summary"]
        assert not entry["summary"].startswith("PyTorch's "), f"{entry['type']} has no docstring"
        for argument in entry["schema"]["properties"].values():
            if "default" in argument:
                jsonschema.validate(argument["default"], argument)
            for limit in ("minimum", "maximum"):  # as integers they would be more than JSON's readers hold
                assert isinstance(argument.get(limit), float) or abs(argument.get(limit, 0)) < 2**63


def test_an_unknown_kind_is_told():
    with pytest.raises(EngineError, match="layers, losses"):
        catalogue("layer")


def test_layers_are_the_engines_modules_and_functions():
    layers = entries("layers")
    assert {name for name, entry in layers.items() if entry["kind"] == "module"} >= {
        "Dropout",
        "Flatten",
        "Identity",
        "Linear",
        "MSELoss",
        "ReLU",
    }
    assert {name for name, entry in layers.items() if entry["kind"] == "function"} >= {
        "add",
        "cat",
        "mean",
        "flatten",
    }
    assert not {"Sequential", "ModuleList", "Module"} & layers.keys()


def test_losses_optimizers_and_the_rest_are_found():
    assert {"CrossEntropyLoss", "MSELoss"} <= entries("losses").keys()
    assert {"SGD", "Adam", "AdamW"} <= entries("optimizers").keys()
    assert {"StepLR", "CosineAnnealingLR"} <= entries("schedulers").keys()
    assert "LambdaLR" not in entries("schedulers")  # a function can't be said in JSON
    assert {"ToTensor", "Normalize"} <= entries("transforms").keys()
    assert {"accuracy"} == entries("metrics").keys()


def test_a_schema_says_types_defaults_and_limits():
    linear = entries("layers")["Linear"]["schema"]
    assert linear["required"] == ["type", "out_features"]  # in_features can be inferred
    assert linear["properties"]["out_features"] == {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    assert linear["properties"]["bias"] == {"type": "boolean", "default": True}
    assert "device" not in linear["properties"]
    assert "dtype" not in linear["properties"]
    momentum = entries("optimizers")["SGD"]["schema"]["properties"]["momentum"]
    assert (momentum["type"], momentum["minimum"], momentum["default"]) == ("number", 0, 0.0)


def test_arguments_are_those_of_the_signatures():
    for name, entry in entries("layers").items():
        if entry["kind"] == "module":
            module = getattr(nn, name)
            known = inspect.signature(module).parameters.keys() | inspect.signature(module.forward).parameters
            assert entry["schema"]["properties"].keys() - {"type", "name", "inputs"} <= known


def test_no_limit_and_no_inference_is_for_an_argument_that_nothing_has():
    said = {"epochs", "batch_size", "seed", "every", "every_steps", "keep"}
    for entry in (entry for kind in KINDS for entry in catalogue(kind)):
        said |= entry["schema"]["properties"].keys()
    assert BOUNDS.keys() <= said


@pytest.mark.parametrize("kind", ["optimizers", "schedulers"])
def test_what_the_schema_calls_optional_may_be_left_out(kind, job, simplenet, mnist):
    field = {"optimizers": "optimizer", "schedulers": "scheduler"}[kind]
    model = check_model(simplenet)
    for name, entry in entries(kind).items():
        if entry["schema"]["required"] == ["type"]:
            canonical = check_job({**job, field: {"type": name}}, model, mnist).job[field]
            jsonschema.validate(canonical, entry["schema"])


def test_every_loss_can_be_trained_on_targets_of_some_kind(job, simplenet, mnist):
    model = check_model(simplenet)
    kinds = [
        mnist,
        *(replace(mnist, target_shape=(10,), target_dtype=d, classes=None) for d in ("float32", "int64")),
    ]
    models = [
        model,
        check_model(SEQUENCE),
        *(check_model(heads(size, n)) for size in (1, 10) for n in (2, 3)),
    ]
    kinds.append(replace(mnist, target_dtype="float32", classes=None))
    for name, entry in entries("losses").items():
        assert entry["schema"]["required"] == ["type"], name
        accepted = []
        for each, dataset in itertools.product(models, kinds):
            with suppress(SpecError):
                accepted.append(check_job({**job, "metrics": [], "loss": {"type": name}}, each, dataset))
        assert accepted, name
        jsonschema.validate(accepted[0].job["loss"], entry["schema"])
