"""Steps of half precision: recorded and replayed, each op rounding as it does in an eager step."""

from typing import Any

import pytest

import engine as torch
from engine import nn
from tests.engine.capture.steps import assert_same, batches

HALVES = [torch.bfloat16, torch.float16]


def perceptron() -> Any:
    return nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.LayerNorm(16), nn.Dropout(0.2), nn.Linear(16, 3))


def convolution() -> Any:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize(("network", "shape"), [(perceptron, (8,)), (convolution, (2, 6, 6))])
def test_steps_under_autocast_are_replayed_as_they_run_eagerly(network, shape, dtype):
    def make() -> Any:
        model = network()
        opt = torch.optim.Adam(model.parameters(), 0.01)

        def step(x: Any, y: Any) -> Any:
            with torch.autocast("cpu", dtype=dtype):
                loss = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            return loss

        return model, step

    assert_same(make, batches(9, *shape), 5)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_weights_of_half_precision_are_stepped_in_replays(dtype):
    def make() -> Any:
        model = perceptron().to(dtype)
        opt = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

        def step(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x.to(dtype)).float(), y)
            loss.backward()
            opt.step()
            return loss

        return model, step

    assert_same(make, batches(9, 8), 5)


def test_a_step_that_is_called_under_autocast_says_where_to_write_it():
    run = torch.capture(lambda x: x @ x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = [run(torch.eye(2)).dtype for _ in range(5)]
    assert found == [torch.bfloat16] * 5
    assert "inside the step" in str(run.report())
