"""Whatever the catalogue's own schemas allow, extremes first, is judged in time; only SpecError comes out."""

import json
import random
import time
import warnings
from typing import Any

import pytest

from engine.spec import DatasetSchema, SpecError, catalogue, check_job, check_model
from engine.spec.layers import LAYERS
from tests.engine.spec.calls import FUNCTIONS, MODULES, VECTOR
from tests.engine.spec.conftest import JOB, SIMPLENET
from tests.engine.spec.test_every_layer import MADE

LIMIT_S = 3.0  # of the processor; most take a few milliseconds
TIMES = 6  # that each entry is tried
LARGEST = 2**31 - 1
INTEGERS = [0, 1, 2, 3, 4, 8, 64, 1000, 1024, 10**6, 10**9, LARGEST, -1, -2, -64, -1000, -LARGEST - 1]
NUMBERS = [0.0, 0.5, 1.0, 2.0, 3.7, 1e-300, 1e-30, 1e9, 1e18, 1e30, -1.0, -1e30]
CALLS: dict[str, Any] = {**MODULES, **FUNCTIONS}
TEXTS = ["", "zeros", "mean", "nij,njk->nik", "ij->ji", "...", "x" * 26]
SHAPES = [
    (),
    (6,),
    (4, 6),
    (5, 8),
    (2, 8, 8),
    (1, 28, 28),
    (2, 6, 6, 6),
    (1,),
    (10**6,),
    (1, 2**20),
    (512, 512),
]
KINDS = ("losses", "optimizers", "schedulers", "transforms")
SCHEMAS = {kind: {entry["type"]: entry["schema"] for entry in catalogue(kind)} for kind in ("layers", *KINDS)}
NESTED = ("TransformerEncoderLayer", "TransformerDecoderLayer", "LayerNorm", "Linear", "StepLR", "ConstantLR")
MNIST = DatasetSchema((28, 28), "uint8", (), "int64", 10, {"train": 60_000, "test": 10_000})


def within(schema, choices):
    """Those of the choices that keep a number's limits, which are choices themselves."""
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", -1e30))
    highest = schema.get("maximum", schema.get("exclusiveMaximum", 1e30))
    open_ends = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    kept = [each for each in [*choices, lowest, highest] if lowest <= each <= highest]
    return [each for each in kept if each not in open_ends] or [lowest]


def value(draw, schema):
    """Something that the schema allows."""
    if "anyOf" in schema:
        return value(draw, draw.choice(schema["anyOf"]))
    if "enum" in schema:
        return draw.choice(schema["enum"])
    match schema.get("type"):
        case "boolean":
            return draw.random() < 0.5
        case "string":
            return draw.choice(TEXTS)
        case "integer":
            small = [each for each in (1, 2, 3) if each in within(schema, INTEGERS)]
            return draw.choice(small if small and draw.random() < 0.5 else within(schema, INTEGERS))
        case "number":
            return draw.choice(within(schema, NUMBERS))
        case "array" if "prefixItems" in schema:
            return [value(draw, each) for each in schema["prefixItems"]]
        case "array":
            return [value(draw, schema["items"]) for _ in range(draw.choice([0, 1, 2, 2, 3, 4, 64]))]
        case "object":
            name = draw.choice(NESTED)
            return arguments(draw, (SCHEMAS["layers"] | SCHEMAS["schedulers"])[name]) | {"type": name}
        case _:
            return None


def arguments(draw, schema, given=()):
    """What must be given, and some of the rest."""
    drawn = {
        name: True if name == "batch_first" else value(draw, part)
        for name, part in schema["properties"].items()
        if name not in ("type", "name", "inputs")
        and ((name in schema["required"] and name not in given) or draw.random() < 0.25)
    }
    return {**dict(given), **drawn}


def definition_of(draw, name):
    """One layer, alone, often repeated, or as a node whose value is named."""
    shape, usual = CALLS.get(name, (VECTOR, {}))
    usual = {key: each for key, each in usual.items() if value_is_json(each)}
    shape = draw.choice(SHAPES) if draw.random() < 0.4 else shape
    layer = {"type": name, **arguments(draw, SCHEMAS["layers"][name], usual if draw.random() < 0.7 else {})}
    document = {
        "input": {"shape": list(shape), "dtype": draw.choice(["float32", "float32", "int64", "uint8"])}
    }
    entry = LAYERS[name]
    count = sum(each not in layer for each in entry.operands) if entry.operands else 2
    if count == 1 and draw.random() < 0.5:
        return {**document, "layers": [layer] * draw.choice([1, 1, 2, 30])}
    node = {"name": "node", "inputs": ["input"] * max(count, 1), **layer}
    return {
        **document,
        "nodes": [node],
        "output": draw.choice(["node", "node", "node.0", "node.1.0", ["node", "input"]]),
    }


def value_is_json(given):
    """calls.py names some operands by words, which aren't arguments."""
    return given not in MADE


def judge(check, document):
    """The report or None. Fails after too long, and where a problem couldn't be sent."""
    before = time.process_time()
    report, problems = None, []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dropout that does nothing, as torch warns
            report = check(document)
    except SpecError as error:
        problems = error.problems
    except Exception as error:
        raise AssertionError(json.dumps(document)[:2000]) from error
    assert time.process_time() - before < LIMIT_S, json.dumps(document)[:2000]
    assert (report is None) == bool(problems)
    for problem in problems:
        json.dumps([problem.pointer, problem.detail], ensure_ascii=False).encode()
        assert len(problem.detail) < 1000
    return report


@pytest.mark.parametrize("seed", range(TIMES))
def test_a_layer_of_any_arguments_is_refused_or_a_model(seed):
    draw = random.Random(seed)
    accepted = 0
    for name in SCHEMAS["layers"]:
        report = judge(check_model, definition_of(draw, name))
        if report is not None:
            accepted += 1
            assert judge(check_model, report.definition) == report
    assert accepted > len(SCHEMAS["layers"]) / 5, "too few are accepted for the test to mean much"


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_with_a_part_of_any_arguments_is_refused_or_a_job(kind):
    draw, model = random.Random(kind), check_model(SIMPLENET)
    field = {"losses": "loss", "optimizers": "optimizer", "schedulers": "scheduler"}.get(kind)
    for name, schema in list(SCHEMAS[kind].items()) * TIMES:
        part = {"type": name, **arguments(draw, schema)}
        changed = {field: part} if field else {"transforms": [{"type": "ToTensor"}, part]}
        report = judge(lambda job: check_job(job, model, MNIST), {**JOB, **changed})
        if report is not None:
            assert check_job(report.job, model, MNIST) == report
