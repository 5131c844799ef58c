"""Whatever JSON comes, only SpecError comes out; and what is accepted can be built, run and written again."""

import json
from copy import deepcopy

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import engine
from engine.spec import (
    DatasetSchema,
    SpecError,
    build_model,
    catalogue,
    check_job,
    check_model,
    to_definition,
)
from tests.engine.spec.conftest import GRAPH, JOB, SIMPLENET

MNIST = DatasetSchema((28, 28), "uint8", (), "int64", 10, {"train": 60_000, "test": 10_000})
MODEL = check_model(SIMPLENET)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)

# values that have been trouble somewhere, beside arbitrary ones
AWKWARD = [
    None, True, -1, 0, 2**31, 10**30, 10**400, 1e308, float("nan"), float("inf"), -0.0, "", "64", "input",
    "\ud800",
    "a\x00b", "x" * 5000, "__class__", "Linear", "res", [], {}, [[]], [1, [2]],
    {"type": "Linear"}, {"type": []},
]  # fmt: skip
scalars = st.sampled_from(AWKWARD).map(deepcopy) | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
KEYS = [
    "name", "input", "shape", "dtype", "layers", "nodes", "output", "blocks", "type", "inputs", "repeat",
    "in_features",
    "out_features",
    "bias", "p", "dim", "start_dim", "lr", "betas", "reduction", "split", "every", "mean", "std",
]  # fmt: skip
shaped = st.recursive(
    scalars
    | st.sampled_from(["Linear", "ReLU", "Flatten", "add", "cat", "Dropout", "SGD", "Adam", "ToTensor"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


def places(value, path=()):
    """Every path into a document, the root first."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@st.composite
def spoiled(draw, document):
    """A good document with one to three places replaced, removed or added to."""
    changed = deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(changed))))
        if not path:
            continue
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        kind = draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "remove":
            del parent[path[-1]]
        elif kind == "add" and isinstance(parent, dict):
            parent[draw(st.sampled_from(KEYS) | st.text(max_size=5))] = draw(values)
        else:
            parent[path[-1]] = draw(values | st.sampled_from(KEYS))
    return changed


def resolve(document, pointer):
    """The value at a JSON pointer; KeyError and its kind where there is none."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        document = document[int(token) if isinstance(document, list) else token]
    return document


def judged(check, document):
    """The report, or None after a SpecError whose problems can be sent and are at places that exist."""
    try:
        return check(document)
    except SpecError as error:
        problems = error.problems
    assert problems
    for problem in problems:
        json.dumps([problem.pointer, problem.detail], ensure_ascii=False).encode()
        assert len(problem.detail) < 1000
        if isinstance(document, dict) and problem.pointer not in ("/model", "/dataset", "/transforms"):
            resolve(document, problem.pointer)
    return None


@PATIENT
@given(values | shaped)
def test_arbitrary_json_is_no_model_and_no_accident(document):
    judged(check_model, document)


@PATIENT
@given(spoiled(SIMPLENET) | spoiled(GRAPH))
def test_a_spoiled_model_is_refused_or_still_a_model(definition):
    report = judged(check_model, definition)
    if report is not None:
        assert check_model(report.definition) == report


@PATIENT
@given(values | shaped)
def test_arbitrary_json_is_no_job_and_no_accident(document):
    assert judged(lambda job: check_job(job, MODEL, MNIST), document) is None


@PATIENT
@given(spoiled(JOB))
def test_a_spoiled_job_is_refused_or_still_a_job(job):
    report = judged(lambda each: check_job(each, MODEL, MNIST), job)
    if report is not None:
        assert check_job(report.job, MODEL, MNIST) == report


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: {"layers": inner}, lambda inner: {"a": inner}]
)
def test_json_nested_without_end_is_refused(wrap):
    deep = []
    for _ in range(100_000):
        deep = wrap(deep)
    for document in (
        deep,
        {**SIMPLENET, "layers": deep},
        {**SIMPLENET, "layers": [{"type": "Linear", "bias": deep}]},
    ):
        assert judged(check_model, document) is None
    assert judged(lambda job: check_job(job, MODEL, MNIST), {**JOB, "loss": deep}) is None


SCHEMAS = {entry["type"]: entry["schema"] for entry in catalogue("layers") if entry["kind"] == "module"}
WIDTHS = st.integers(1, 6)


@st.composite
def layer(draw):
    return draw(
        st.fixed_dictionaries(
            {"type": st.just("Linear"), "out_features": WIDTHS}, optional={"bias": st.booleans()}
        )
        | st.sampled_from(
            [{"type": name} for name in ("ReLU", "Tanh", "Sigmoid", "Identity", "GELU", "Dropout")]
        )
        | st.fixed_dictionaries({"type": st.just("Dropout"), "p": st.floats(0, 1)})
        | st.fixed_dictionaries({"type": st.just("Softmax"), "dim": st.just(-1)})
    )


@st.composite
def models(draw):
    """A valid graph: layers, blocks and functions of what came before."""
    blocks = {f"block{i}": {"layers": draw(st.lists(layer(), min_size=1, max_size=3))} for i in range(2)}
    nodes, known = [], ["input"]
    for i in range(draw(st.integers(1, 6))):
        name, source = f"n{i}", draw(st.sampled_from(known))
        node = draw(
            layer() | st.fixed_dictionaries({"type": st.sampled_from(sorted(blocks)), "repeat": WIDTHS})
        )
        nodes.append({"name": name, "inputs": [source], **node})
        known.append(name)
    # all ends are joined, so that every node is used
    used = {name for node in nodes for name in node["inputs"]}
    ends = [node["name"] for node in nodes if node["name"] not in used]
    nodes.append({"name": "joined", "type": "cat", "inputs": [*ends, "input"], "dim": 1})
    types = {node["type"] for node in nodes}
    document = {"input": {"shape": [draw(WIDTHS)]}, "nodes": nodes}
    kept = {name: body for name, body in blocks.items() if name in types}
    return document | ({"blocks": kept} if kept else {})


@settings(PATIENT, max_examples=80)
@given(models())
def test_a_valid_model_is_built_run_and_written_again(definition):
    report = check_model(definition)
    module = build_model(report.definition)
    assert to_definition(module) == report.definition
    assert sum(p.numel() for p in module.parameters()) == report.parameters
    x = engine.from_numpy(np.ones((3, *report.input_shape), np.float32))
    assert module(x).shape == (3, *report.output_shape)


@settings(PATIENT, max_examples=100)
@given(st.sampled_from(sorted(SCHEMAS)), st.dictionaries(st.sampled_from(KEYS), scalars, max_size=3))
def test_what_a_layers_schema_refuses_is_refused(name, arguments):
    document = {**arguments, "type": name}
    assume("name" not in document)
    valid = jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(document)
    report = judged(check_model, {"input": {"shape": [2, 3]}, "layers": [document]})
    assert valid or report is None
