"""benchmarks/workloads: every side trains the same network from the same weights on the same batches."""

import numpy as np
import pytest

import engine
from benchmarks.sides import SIDES, LeftOut, ours
from benchmarks.workloads import TINY, WORKLOADS, batches, initial_weights

SMALL = ["mlp64", "mlp64_adam", "tabular", "bag_of_words"]


def losses(side, workload, steps=3):
    train = SIDES[side].trainer(workload)
    return [train(1) for _ in range(steps)]


def test_batches_and_weights_are_the_same_whenever_they_are_drawn():
    for one, other in zip(batches(TINY), batches(TINY), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    shapes = {"0.weight": (4, 8), "0.bias": (4,), "norm.weight": (3,)}
    weights = dict(initial_weights(shapes))
    assert {name: array.shape for name, array in weights.items()} == shapes
    assert abs(weights["0.weight"]).max() <= 1 / np.sqrt(8)
    assert (weights["0.bias"].sum(), weights["norm.weight"].sum()) == (0, 3)


@pytest.fixture
def peer():
    """PyTorch, with the settings of its sides undone afterwards: they are the whole process's."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    yield torch
    torch.set_flush_denormal(False)
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("peer")
@pytest.mark.parametrize("name", SMALL)
def test_the_engine_trains_as_pytorch_does(name):
    expected = losses("torch", WORKLOADS[name])
    assert losses("eager", WORKLOADS[name]) == pytest.approx(expected, rel=1e-4)
    assert losses("torch_tuned", WORKLOADS[name]) == pytest.approx(expected, rel=1e-4)


def test_a_trainer_goes_on_with_the_batch_after_its_last():
    train = SIDES["eager"].trainer(TINY)
    assert [train(1), train(2)][-1] == losses("eager", TINY)[-1]


def test_a_side_that_can_not_take_part_says_why(monkeypatch):
    monkeypatch.delattr(engine, "capture", raising=False)
    with pytest.raises(LeftOut, match="can't capture"):
        SIDES["captured"].trainer(TINY)


def test_captured_steps_are_asked_for_where_the_engine_has_them(monkeypatch):
    captured = []

    def capture(step):
        captured.append(step)
        return step

    monkeypatch.setattr(engine, "capture", capture, raising=False)
    assert losses("captured", TINY) == losses("eager", TINY)
    assert len(captured) == 1


def test_work_is_counted_forwards_and_back():
    # a product forwards and two back, but the first layer's input needs no gradient
    forward = {"first": 64 * 784 * 128, "second": 64 * 128 * 10}
    assert ours.flops(WORKLOADS["mlp64"]) == 2 * (2 * forward["first"] + 3 * forward["second"])


def test_every_workload_says_what_it_is():
    assert all(name == workload.name and workload.text for name, workload in WORKLOADS.items())
