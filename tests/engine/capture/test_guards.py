"""Whatever Python a step reads is guarded: after a change the step gives what it gives eagerly."""

import argparse
import array
import collections
import itertools
import random
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.autograd import Function
from engine.data import DataLoader

ONE = torch.ones(1)
RATE = 2.0


def recorded(step: Callable[..., Any]) -> Any:
    """The step, captured and replayed."""
    run = torch.capture(step)
    for _ in range(6):
        run(ONE)
    assert run.report().replays > 0, str(run.report())
    return run


def assert_noticed(step: Callable[..., Any], change: Callable[[], Any]) -> None:
    """Assert that a replayed step follows a change, and that the change makes a difference."""
    run = recorded(step)
    before = step(ONE)
    change()
    assert step(ONE) != before
    assert run(ONE) == step(ONE)


def assert_eager(step: Callable[..., Any], count: Callable[[], int], reason: str) -> None:
    """Assert that what the step counts is counted in each call, since none is a replay."""
    run, before = torch.capture(step), count()
    for _ in range(12):
        run(ONE)
    assert count() == before + 12
    assert run.report().replays == 0
    assert reason in str(run.report())


@pytest.mark.parametrize("kind", [types.SimpleNamespace, argparse.Namespace])
def test_attributes_of_a_namespace_are_guarded(kind: Any) -> None:
    args = kind(scale=2.0, inner=kind(shift=0.0), n=0)
    assert_noticed(lambda x: x * args.scale, lambda: setattr(args, "scale", 3.0))
    assert_noticed(lambda x: x + args.inner.shift, lambda: setattr(args.inner, "shift", 3.0))

    def step(x: Any) -> Any:
        args.n += 1
        return x * 2

    assert_eager(step, lambda: int(args.n), "args.n was")


def test_keys_of_a_dict_are_guarded() -> None:
    modes = {"a": True}

    def change() -> None:
        del modes["a"]
        modes["b"] = True

    assert_noticed(lambda x: x * (2 if "a" in modes else 3), change)


def test_attributes_of_classes_are_guarded() -> None:
    class Config:
        scale = 2.0
        n = 0

    class Net(nn.Module):
        k = 2.0

        def forward(self, x: Any) -> Any:
            return x * self.k

    net = Net()
    assert_noticed(lambda x: x * Config.scale, lambda: setattr(Config, "scale", 3.0))
    assert_noticed(lambda x: net(x), lambda: setattr(Net, "k", 3.0))
    assert_noticed(lambda x: net(x), lambda: setattr(Net, "forward", lambda self, x: x * 5))

    def step(x: Any) -> Any:
        Config.n += 1
        return x * 2

    assert_eager(step, lambda: Config.n, "Config.n was")


class Doubled(Function):
    """A function that reads a global."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * RATE

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * RATE


class Helper:
    """A class whose objects the step makes."""

    @property
    def scale(self) -> float:
        return RATE


@pytest.mark.parametrize("step", [lambda x: Doubled.apply(x), lambda x: x * Helper().scale])
def test_globals_that_classes_read_are_guarded(step: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_noticed(step, lambda: monkeypatch.setattr(sys.modules[__name__], "RATE", 5.0))


def sgd() -> Any:
    return torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)


def test_learning_rates_that_the_step_reads_as_numbers_are_guarded() -> None:
    opt = sgd()
    scheduler = torch.optim.lr_scheduler.StepLR(opt, 1, 0.5)
    group = opt.param_groups[0]
    for step in (
        lambda x: opt.param_groups[0]["lr"],
        lambda x: scheduler.get_last_lr()[0],
        lambda x: (opt.zero_grad(), x * group["lr"])[1],
    ):
        assert_noticed(step, scheduler.step)


class Trainer:
    """A step beside a method of the same object that reads the rate between steps."""

    def __init__(self) -> None:
        self.weight = nn.Parameter(torch.ones(1))
        self.opt = torch.optim.SGD([self.weight], lr=0.1)
        self.loader = DataLoader([torch.ones(1)] * 12, shuffle=True)

    def step(self, x: Any) -> Any:
        self.opt.zero_grad()
        (self.weight * x).sum().backward()
        self.opt.step()
        return x * 1

    def shown(self) -> Any:
        return self.opt.param_groups[0]["lr"]


def test_the_loader_that_gives_the_batches_may_go_on() -> None:
    trainer = Trainer()
    run = torch.capture(trainer.step)
    for _ in range(2):
        for x in trainer.loader:
            run(x)
    assert run.report().replays >= 20


def test_learning_rates_that_only_others_read_may_change() -> None:
    trainer = Trainer()
    run = recorded(trainer.step)
    before = run.report().replays
    trainer.opt.param_groups[0]["lr"] = trainer.shown() / 2
    weight = trainer.weight.item()
    run(ONE)
    assert trainer.weight.item() == pytest.approx(weight - 0.05)
    assert run.report().replays == before + 1


class Slotted:
    """An object without a dict of its own."""

    __slots__ = ("scale",)

    def __init__(self) -> None:
        self.scale = 2.0


def test_contents_of_sets_deques_arrays_and_slots_are_guarded() -> None:
    names, last, slotted = {"a"}, collections.deque([2.0]), Slotted()
    weights, text = np.array([1.0, 2.0], np.float32), bytearray(b"a")
    assert_noticed(lambda x: x * (2 if "a" in names else 3), names.clear)
    assert_noticed(lambda x: x * last[0], lambda: last.__setitem__(0, 3.0))
    assert_noticed(lambda x: x * slotted.scale, lambda: setattr(slotted, "scale", 3.0))
    assert_noticed(lambda x: (x * torch.tensor(weights)).sum(), lambda: weights.__setitem__(0, 9.0))
    assert_noticed(lambda x: x * text[0], lambda: text.__setitem__(0, 1))
    history: Any = collections.deque(maxlen=100)
    assert_eager(lambda x: (history.append(1), x * 2)[1], lambda: len(history), "history had")
    add = history.append
    assert_eager(lambda x: (add(1), x * 2)[1], lambda: len(history), "had")


def test_what_changes_unseen_keeps_the_step_eager() -> None:
    counted = itertools.count()
    run = torch.capture(lambda x: x * next(counted))
    assert [run(ONE).item() for _ in range(6)] == list(range(6))
    assert "counted is an iterator (count)" in str(run.report())
    numbers = array.array("d", [2.0])
    run = torch.capture(lambda x: x * numbers[0])
    assert [run(ONE).item() for _ in range(6)] == [2] * 6
    assert "a container of the kind array" in str(run.report())


@pytest.mark.parametrize("make", [random.Random, np.random.default_rng, np.random.RandomState])
def test_random_numbers_of_the_steps_own_generators_keep_it_eager(make: Any) -> None:
    dice, again = make(0), make(0)
    run = torch.capture(lambda x: x * (2 if dice.random() < 0.5 else 3))
    found = [run(ONE).item() for _ in range(40)]
    assert found == [2 if again.random() < 0.5 else 3 for _ in range(40)]
    assert "the state of dice" in str(run.report())


def test_generators_that_others_draw_from_may_advance() -> None:
    dice = random.Random(0)
    run = recorded(lambda x: x * len([dice]))
    before = run.report().replays
    dice.random()
    run(ONE)
    assert run.report().replays == before + 1


def test_modules_that_the_step_imports_itself_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.engine.capture.steps.SCALE", 2.0, raising=False)

    def step(x: Any) -> Any:
        import tests.engine.capture.steps as settings

        return x * settings.SCALE  # type: ignore[attr-defined]  # it is put there for the test

    settings = sys.modules["tests.engine.capture.steps"]
    assert_noticed(step, lambda: monkeypatch.setattr(settings, "SCALE", 3.0))


def test_a_module_whose_hook_was_removed_is_captured_again() -> None:
    net, seen = nn.Linear(1, 1), []
    net.register_forward_hook(lambda *_: None).remove()
    with torch.no_grad():
        run = recorded(lambda x: net(x))
        net.register_forward_hook(lambda *_: seen.append(1))
        run(ONE)
    assert seen == [1]
