"""However a definition is made, judging it takes little time and is done once."""

import time
from typing import Any

import pytest

from engine.spec import SpecError, check_job, check_model, models

LIMIT_S = (
    2.0  # of the processor; what is judged here in 0.1 s took 10 to 20 while every fault was looked into
)

NAMES = 2000
BLOCKS = {f"block{i}": {"layers": [{"type": "Flatten"}]} for i in range(NAMES)}
MISSPELT: dict[str, dict[str, Any]] = {
    "types": {"layers": [{"type": f"blokc{i}"} for i in range(NAMES)], "blocks": BLOCKS},
    "inputs": {
        "nodes": [{"name": f"n{i}", "type": "add", "inputs": [f"m{i}", f"m{i}"]} for i in range(NAMES)]
    },
}


@pytest.mark.parametrize("what", MISSPELT)
def test_thousands_of_misspelt_names_take_no_time(what):
    before = time.process_time()
    with pytest.raises(SpecError):
        check_model({"input": {"shape": [4]}, **MISSPELT[what]})
    assert time.process_time() - before < LIMIT_S


def test_a_job_does_not_check_its_model_again(simplenet, job, mnist, monkeypatch):
    report = check_model(simplenet)
    monkeypatch.setattr(models, "read_definition", None)
    assert check_job(job, report, mnist).parameters == report.parameters
    assert report.sha256


def test_a_large_circle_is_told_in_short():
    count = 1000
    nodes = [{"name": f"n{i}", "type": "ReLU", "inputs": [f"n{(i - 1) % count}"]} for i in range(count)]
    with pytest.raises(SpecError) as caught:
        check_model({"input": {"shape": [4]}, "nodes": nodes})
    assert len(caught.value.problems[0].detail) < 200
