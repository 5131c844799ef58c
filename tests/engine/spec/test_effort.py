"""However a definition is made, judging it takes little time and is done once."""

import time
import tracemalloc
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


ENCODER = {"type": "TransformerEncoderLayer", "nhead": 2, "dim_feedforward": 4, "batch_first": True}


def stacked(times, layer):
    """A TransformerEncoder of layers that make layers, that often one in the other."""
    for _ in range(times):
        layer = {"type": "TransformerEncoder", "encoder_layer": layer, "num_layers": 1024}
    return layer


MOST: dict[str, tuple[list[dict[str, Any]], tuple[int, ...], str]] = {
    "layers that take long": ([ENCODER] * 2048, (5, 8), "too deep"),
    "layers in a layer": ([stacked(1, {**ENCODER, "d_model": 8})], (5, 8), "too deep"),
    "layers in layers in a layer": ([stacked(2, {**ENCODER, "d_model": 8})], (5, 8), "1,048,576 layers"),
    "layers in layers without end": ([stacked(3000, {**ENCODER, "d_model": 8})], (5, 8), "nests objects"),
    "pieces": ([{"type": "split", "split_size": 1, "dim": 1}], (10**5,), "too deep"),
    "rows": ([{"type": "unbind", "dim": 1}], (10**5,), "too deep"),
}


@pytest.mark.parametrize("what", MOST)
def test_a_model_of_too_many_layers_is_refused_in_time(what):
    layers, shape, words = MOST[what]
    before = time.process_time()
    with pytest.raises(SpecError, match=words):
        check_model({"input": {"shape": list(shape)}, "layers": layers})
    assert time.process_time() - before < LIMIT_S


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((4, 6), {"type": "chunk", "chunks": 2**31 - 1}),  # of a batch of none, torch makes so many pieces
        ((10**6,), {"type": "LPPool1d", "norm_type": 2, "kernel_size": 10**6}),
    ],
)
def test_integers_are_looked_at_in_time(shape, layer):
    node = {"name": "node", "inputs": ["input"], **layer}
    before = time.process_time()
    with pytest.raises(SpecError):
        check_model({"input": {"shape": list(shape), "dtype": "uint8"}, "nodes": [node], "output": "node.1"})
    assert time.process_time() - before < LIMIT_S


def test_a_result_of_many_integers_needs_no_tables():
    layer = {"type": "Upsample", "size": 2**31 - 1}
    before = time.process_time()
    tracemalloc.start()
    try:
        check_model({"input": {"shape": [1, 8], "dtype": "uint8"}, "layers": [layer]})
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()
    assert time.process_time() - before < LIMIT_S


def test_a_window_wider_than_all_channels_costs_nothing():
    before = time.process_time()
    layer = {"type": "LocalResponseNorm", "size": 2**31 - 1}
    assert check_model({"input": {"shape": [64, 4, 4]}, "layers": [layer]}).output_shape == (64, 4, 4)
    assert time.process_time() - before < LIMIT_S


@pytest.mark.parametrize(("times", "each"), [(3000, 1), (4, 20)])
def test_schedules_of_schedules_without_end_are_refused(times, each, simplenet, job, mnist):
    job["scheduler"] = {"type": "StepLR", "step_size": 3}
    for _ in range(times):
        job["scheduler"] = {"type": "ChainedScheduler", "schedulers": [job["scheduler"]] * each}
    before = time.process_time()
    with pytest.raises(SpecError, match="nests objects"):
        check_job(job, check_model(simplenet), mnist)
    assert time.process_time() - before < LIMIT_S
