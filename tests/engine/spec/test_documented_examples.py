"""Every example of docs/definitions.md and docs/jobs.md is accepted, and runs."""

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import engine
from engine.spec import build_model, catalogue, check_model
from engine.spec.catalogue import KINDS
from engine.training import Trainer
from tests.engine.spec.conftest import SIMPLENET

DOCS = Path(__file__).parents[3] / "docs"
TEXTS = {name: (DOCS / name).read_text() for name in ("definitions.md", "jobs.md")}
FENCED = [
    json.loads(each) for text in TEXTS.values() for each in re.findall(r"```json\n(.*?)```", text, re.S)
]
MODELS = [each for each in FENCED if "input" in each]
JOBS = [each for each in FENCED if "epochs" in each]
INLINE = [
    json.loads(each) for text in TEXTS.values() for each in re.findall(r'`(\{[^`]*"type"[^`…]*\})`', text)
]
SCHEMAS = {entry["type"]: entry["schema"] for kind in KINDS for entry in catalogue(kind)}
SAMPLES = 300


def test_the_documents_show_as_many_examples_as_these_tests_look_at():
    assert (len(MODELS), len(JOBS), len(INLINE)) == (8, 2, 8)


@pytest.mark.parametrize("definition", MODELS, ids=lambda each: each.get("name", "model"))
def test_an_example_of_a_model_is_built_and_run(definition):
    report = check_model(definition)
    shape = (2, *report.input_shape)
    batch = engine.randint(0, 9, shape) if report.input_dtype == "int64" else engine.randn(*shape)
    output = build_model(definition)(batch)
    outputs = output if isinstance(output, tuple) else (output,)
    assert [each.shape for each in outputs] == [(2, *shape) for shape in report.output_shapes]


@pytest.mark.parametrize("job", JOBS, ids=lambda each: each.get("name", "job"))
def test_an_example_of_a_job_trains(job):
    model = job["model"] if "input" in job["model"] else SIMPLENET
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (SAMPLES, 28, 28), np.uint8)
    split = pixels, rng.integers(0, 10, SAMPLES)
    trainer = Trainer.from_job({**job, "epochs": 1}, model, {"train": split, "test": split})
    assert trainer.fit().status == "finished"


@pytest.mark.parametrize("document", INLINE, ids=lambda each: each["type"])
def test_an_object_within_a_sentence_is_one_of_the_catalogue(document):
    jsonschema.validate(document, SCHEMAS[document["type"]])
