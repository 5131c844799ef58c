"""Schedules taken ahead of the optimizer, and back."""

from copy import deepcopy

import pytest

import engine as torch
from engine.training.rates import Ahead

CYCLES = {
    "one cycle": lambda opt: torch.optim.lr_scheduler.OneCycleLR(opt, 0.5, 40, cycle_momentum=False),
    "cyclic": lambda opt: torch.optim.lr_scheduler.CyclicLR(opt, 0.1, 0.5, 7, cycle_momentum=False),
    "with momentum": lambda opt: torch.optim.lr_scheduler.OneCycleLR(opt, 0.5, 40),
}


def make(name):
    groups = [
        {"params": [torch.ones(2, requires_grad=True)]},
        {"params": [torch.ones(3, requires_grad=True)]},
    ]
    optimizer = torch.optim.SGD(groups, 0.1, momentum=0.9)
    scheduler = CYCLES[name](optimizer)
    for _ in range(3):
        scheduler.step()
    return optimizer, scheduler


def seen(optimizer, scheduler):
    groups = [
        {key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups
    ]
    return deepcopy((groups, scheduler.state_dict()))


@pytest.mark.parametrize("name", ["one cycle", "cyclic"])
def test_the_table_has_the_rates_of_each_step(name):
    optimizer, scheduler = make(name)
    ahead = Ahead(scheduler, optimizer, 10)
    ahead.go_to(0)
    assert ahead.is_all
    for row in ahead.table:
        assert row.tolist() == [group["lr"] for group in optimizer.param_groups]
        scheduler.step()


@pytest.mark.parametrize("name", CYCLES)
@pytest.mark.parametrize("done", [0, 4, 10])
def test_the_schedule_goes_on_from_the_steps_that_were_done(name, done):
    optimizer, scheduler = make(name)
    Ahead(scheduler, optimizer, 10).go_to(done)
    plain, expected = make(name)
    for _ in range(done):
        expected.step()
    assert seen(optimizer, scheduler) == seen(plain, expected)


def test_a_schedule_that_changes_more_than_rates_is_told():
    optimizer, scheduler = make("with momentum")
    assert not Ahead(scheduler, optimizer, 10).is_all
