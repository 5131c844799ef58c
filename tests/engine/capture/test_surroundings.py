"""What a step depends on besides tensors: followed, or run eagerly and reported."""

import gc
import random
import sys
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import nn
from tests.engine.capture.steps import batches, linear


def test_numbers_that_python_makes_in_the_step_keep_it_eager() -> None:
    run = torch.capture(lambda x: x * time.perf_counter())
    one = torch.ones(1, dtype=torch.float64)
    found = [run(one).item() for _ in range(9)]
    assert found == sorted(set(found))
    assert "a number that Python computes in the step" in str(run.report())


def test_arrays_that_python_makes_in_the_step_keep_it_eager() -> None:
    run = torch.capture(lambda x: x + torch.from_numpy(np.array([time.perf_counter(), 1.0])))
    zero = torch.zeros(2, dtype=torch.float64)
    found = [run(zero)[0].item() for _ in range(9)]
    assert found == sorted(set(found))
    assert "made by Python in the step" in str(run.report())


def test_what_the_step_counts_itself_keeps_it_eager() -> None:
    count = 0

    def step(x: Any) -> Any:
        nonlocal count
        count += 1
        return x + (10 if count % 5 == 0 else 1)

    run = torch.capture(step)
    assert [run(torch.zeros(1)).item() for _ in range(10)] == [1, 1, 1, 1, 10] * 2
    assert "count was" in str(run.report())


def test_small_constants_made_in_the_step_are_new_each_time() -> None:
    def step(x: Any) -> Any:
        total = torch.tensor([1.0, 2.0])
        total += x
        return total

    run = torch.capture(step)
    found = [run(torch.full((2,), float(k))) for k in range(6)]
    assert [each.tolist() for each in found] == [[1.0 + k, 2.0 + k] for k in range(6)]
    assert run.report().replays > 0


@pytest.mark.parametrize("reason", ["hooks", "depends on values", "can still be asked for"])
def test_what_cannot_be_captured_runs_eagerly_and_says_why(reason: str) -> None:
    weight = nn.Parameter(torch.ones(2))
    hooked = nn.Parameter(torch.ones(2))
    hooked.register_hook(lambda g: g * 2)
    steps: dict[str, Any] = {
        "hooks": lambda x: x * hooked.detach() * 2,
        "depends on values": lambda x: x[x > 0] * 2,
        "can still be asked for": lambda x: x * weight * 2,
    }
    run = torch.capture(steps[reason])
    for _ in range(4):
        assert run(torch.ones(2)).tolist() == [2, 2]
    assert run.report().replays == 0
    assert reason in str(run.report())


def test_random_numbers_of_python_keep_the_step_eager() -> None:
    random.seed(0)
    run = torch.capture(lambda x: x * 2 if random.random() < 0.5 else x)
    found = [run(torch.ones(1)).item() for _ in range(12)]
    random.seed(0)
    assert found == [2 if random.random() < 0.5 else 1 for _ in range(12)]
    assert "Python's or NumPy's own generator" in str(run.report())


def test_hooks_that_come_after_the_recording_run() -> None:
    model, opt, step = linear()
    run, seen = torch.capture(step), []
    given = batches(8, 4)
    for x, y in given[:5]:
        run(x, y)
    assert run.report().replays > 0
    handles = [
        opt.register_step_post_hook(lambda *_: seen.append("step")),
        model.weight.register_hook(lambda g: seen.append("gradient")),
    ]
    run(*given[5])
    assert seen == ["gradient", "step"]
    for handle in handles:
        handle.remove()
    before = run.report().replays
    run(*given[6])
    assert (run.report().replays, seen) == (before + 1, ["gradient", "step"])


def test_a_new_group_of_the_optimizer_is_noticed() -> None:
    _, opt, step = linear(momentum=0)
    extra = nn.Linear(2, 2)
    run = torch.capture(step)
    given = batches(10, 4)
    for x, y in given[:5]:
        run(x, y)
    opt.add_param_group({"params": extra.parameters()})
    extra.weight.grad = torch.ones(2, 2)
    before = run.report().replays
    run(*given[5])
    assert run.report().replays == before


SCALE = 2.0


class Scaled:
    """A step that reads a global in another method."""

    def times(self, x: Any) -> Any:
        return x * SCALE

    def step(self, x: Any) -> Any:
        return self.times(x)


def test_globals_that_other_methods_read_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = torch.capture(Scaled().step)
    outer = torch.capture(lambda x: run(x) + 1)
    one = torch.ones(1)
    assert [(run(one).item(), outer(one).item()) for _ in range(6)] == [(2, 3)] * 6
    assert outer.report().replays > 0
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 5.0)
    assert [(run(one).item(), outer(one).item()) for _ in range(6)] == [(5, 6)] * 6


def test_other_threads_compute_undisturbed_while_a_step_is_recorded() -> None:
    inside, done = threading.Event(), threading.Event()
    found: list[Any] = []

    def other() -> None:
        inside.wait(30)
        leaf = torch.ones(2, requires_grad=True)
        (leaf * leaf).sum().backward()
        found.append((leaf.grad.tolist(), torch.rand(1).item()))
        done.set()

    def step(x: Any) -> Any:
        inside.set()
        done.wait(30)
        return x + 1

    thread = threading.Thread(target=other)
    thread.start()
    run = torch.capture(step)
    assert [run(torch.ones(1)).item() for _ in range(4)] == [2] * 4
    thread.join()
    assert found[0][0] == [2, 2]
    (program,) = run.report().variants
    assert program.recorded == 1


def test_a_step_with_ever_new_values_has_at_most_eight_programs() -> None:
    run = torch.capture(lambda x, k: x * k)
    one = torch.ones(1)
    assert [run(one, k % 12).item() for k in range(48)] == [k % 12 for k in range(48)]
    assert len(run.report().variants) == 8
    assert "8 programs already" in str(run.report())


def test_a_captured_step_that_is_forgotten_lets_go_of_its_network() -> None:
    model, _, step = linear()
    run = torch.capture(step)
    for batch in batches(4, 4):
        run(*batch)
    assert run.report().replays
    there = weakref.ref(model)
    del model, step, run
    gc.collect()
    assert there() is None
