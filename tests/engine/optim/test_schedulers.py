"""Schedules against PyTorch's rates and momenta, epoch by epoch, and resumed in the middle."""

import math
from typing import Any

import numpy as np
import pytest

import engine
from engine import optim
from engine.errors import EngineError

EPOCHS = 60


def _sequence(parts, milestones):
    def make(lib, optimizer):
        schedules = lib.optim.lr_scheduler
        made = [getattr(schedules, name)(optimizer, **options) for name, options in parts]
        return schedules.SequentialLR(optimizer, made, milestones)

    return make


def _chain(*parts):
    def make(lib, optimizer):
        schedules = lib.optim.lr_scheduler
        return schedules.ChainedScheduler(
            [getattr(schedules, name)(optimizer, **options) for name, options in parts]
        )

    return make


def _one(name, **options):
    return lambda lib, optimizer: getattr(lib.optim.lr_scheduler, name)(optimizer, **options)


def _loss(t):
    """What a plateau sees: a fall that stalls, and noise."""
    return 1 / (1 + min(t, 20)) + 0.01 * math.sin(7 * t)


WARM = ("LinearLR", {"start_factor": 0.1, "total_iters": 5})
SCHEDULES = {
    "StepLR": _one("StepLR", step_size=7, gamma=0.5),
    "MultiStepLR": _one("MultiStepLR", milestones=[3, 30, 30, 45], gamma=0.3),
    "ConstantLR": _one("ConstantLR", factor=0.25, total_iters=9),
    "LinearLR": _one("LinearLR", start_factor=0.2, end_factor=0.7, total_iters=13),
    "ExponentialLR": _one("ExponentialLR", gamma=0.93),
    "PolynomialLR": _one("PolynomialLR", total_iters=40, power=1.7),
    "CosineAnnealingLR": _one("CosineAnnealingLR", T_max=17, eta_min=0.01),
    "CosineAnnealingWarmRestarts": _one("CosineAnnealingWarmRestarts", T_0=5, T_mult=2, eta_min=0.02),
    "equal restarts": _one("CosineAnnealingWarmRestarts", T_0=11),
    "CyclicLR": _one("CyclicLR", base_lr=0.01, max_lr=0.3, step_size_up=5, step_size_down=8),
    "triangular2": _one("CyclicLR", base_lr=[0.01, 0.02], max_lr=0.3, step_size_up=6, mode="triangular2"),
    "exp_range": _one("CyclicLR", base_lr=0.1, max_lr=0.3, step_size_up=4, mode="exp_range", gamma=0.97),
    "scale_fn": _one(
        "CyclicLR", base_lr=0.1, max_lr=0.3, step_size_up=4, scale_fn=lambda x: 1 / x, cycle_momentum=False
    ),
    "OneCycleLR": _one("OneCycleLR", max_lr=0.5, total_steps=EPOCHS),
    "linear cycle": _one(
        "OneCycleLR", max_lr=[0.5, 1], epochs=6, steps_per_epoch=10, anneal_strategy="linear"
    ),
    "three phases": _one("OneCycleLR", max_lr=0.5, total_steps=61, three_phase=True, pct_start=0.4),
    "LambdaLR": _one("LambdaLR", lr_lambda=[lambda t: 1 / (1 + t), lambda t: 0.9**t]),
    "MultiplicativeLR": _one("MultiplicativeLR", lr_lambda=lambda t: 0.9 if t % 2 else 1.05),
    "warm-up": _sequence([WARM, ("CosineAnnealingLR", {"T_max": 55})], [5]),
    "three in turn": _sequence(
        [WARM, ("ExponentialLR", {"gamma": 0.9}), ("CosineAnnealingWarmRestarts", {"T_0": 7})], [8, 30]
    ),
    "turns of steps": _sequence([("ConstantLR", {}), ("StepLR", {"step_size": 6}), WARM], [10, 40]),
    "chain": _chain(("ConstantLR", {"factor": 0.1, "total_iters": 4}), ("ExponentialLR", {"gamma": 0.9})),
    "chained cosine": _chain(WARM, ("CosineAnnealingLR", {"T_max": 60, "eta_min": 0.001})),
    "ReduceLROnPlateau": _one("ReduceLROnPlateau", patience=2, cooldown=3, factor=0.5, min_lr=[0.01, 0.05]),
    "absolute plateau": _one(
        "ReduceLROnPlateau", mode="max", threshold_mode="abs", threshold=0.02, patience=1
    ),
}
every_schedule = pytest.mark.parametrize("name", SCHEDULES)
# PyTorch's, of its own twin: we give it no gradients, and CosineAnnealingLR in turn counts from 0
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")


def _optimizer(lib, kind="SGD"):
    groups = [
        {"params": [lib.nn.Parameter(lib.ones(1))]},
        {"params": [lib.nn.Parameter(lib.ones(1))], "lr": 0.2},
    ]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(lib.optim, kind)(groups, lr=0.4, **options)


def _settings(optimizer):
    return [
        [float(group["lr"]), group["betas"][0] if "betas" in group else group["momentum"]]
        for group in optimizer.param_groups
    ]


def _walk(schedule, optimizer, epochs):
    found = []
    for t in epochs:
        found.append([*_settings(optimizer), [float(lr) for lr in schedule.get_last_lr()]])
        optimizer.step()
        schedule.step(*([_loss(t)] if type(schedule).__name__ == "ReduceLROnPlateau" else []))
    return np.array(found)


@every_schedule
@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_sixty_epochs_have_torchs_rates_and_momenta(torch, name, kind):
    found = []
    for lib in (engine, torch):
        optimizer = _optimizer(lib, kind)
        found.append(_walk(SCHEDULES[name](lib, optimizer), optimizer, range(EPOCHS)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12, atol=1e-15)


@every_schedule
@pytest.mark.parametrize("pause", [1, 5, 29])
def test_a_saved_schedule_goes_on_exactly(name, pause, tmp_path):
    optimizer = _optimizer(engine)
    schedule = SCHEDULES[name](engine, optimizer)
    _walk(schedule, optimizer, range(pause))
    engine.save({"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}, tmp_path / "saved")
    undisturbed = _walk(schedule, optimizer, range(pause, EPOCHS))

    saved = engine.load(tmp_path / "saved")
    again = _optimizer(engine)
    restored = SCHEDULES[name](engine, again)
    again.load_state_dict(saved["optimizer"])
    restored.load_state_dict(saved["schedule"])
    assert np.array_equal(_walk(restored, again, range(pause, EPOCHS)), undisturbed)


@every_schedule
def test_a_state_of_torchs_schedule_is_taken_over(torch, name):
    theirs = _optimizer(torch)
    schedule = SCHEDULES[name](torch, theirs)
    _walk(schedule, theirs, range(23))
    ours = _optimizer(engine)
    restored = SCHEDULES[name](engine, ours)
    ours.load_state_dict(theirs.state_dict())
    restored.load_state_dict(schedule.state_dict())
    np.testing.assert_allclose(
        _walk(restored, ours, range(23, EPOCHS)), _walk(schedule, theirs, range(23, EPOCHS)), rtol=1e-12
    )


RESUMED: dict[str, dict[str, Any]] = {
    "StepLR": {"step_size": 7},
    "MultiStepLR": {"milestones": [12, 30]},
    "LinearLR": {"total_iters": 20},
    "ExponentialLR": {"gamma": 0.9},
    "CosineAnnealingLR": {"T_max": 40},
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_schedule_made_with_last_epoch_goes_on_as_torchs(torch, name):
    found = []
    for lib in (engine, torch):
        optimizer = _optimizer(lib)
        _walk(SCHEDULES[name](lib, optimizer), optimizer, range(10))
        schedule = getattr(lib.optim.lr_scheduler, name)(optimizer, **RESUMED[name], last_epoch=9)
        found.append(_walk(schedule, optimizer, range(20)))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def test_warm_restarts_move_within_an_epoch(torch):
    found = []
    for lib in (engine, torch):
        optimizer = _optimizer(lib)
        schedule = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, 2)
        rates = []
        for t in np.arange(0, 30, 0.25):
            schedule.step(float(t))
            rates.append(schedule.get_last_lr())
        found.append(rates)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def test_a_rate_that_is_a_tensor_stays_one():
    optimizer = optim.SGD([engine.nn.Parameter(engine.ones(1))], lr=engine.tensor(0.5))
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    rate = optimizer.param_groups[0]["lr"]
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25


def test_a_schedule_of_ones_own_writes_get_lr_only():
    class Halving(optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    optimizer = _optimizer(engine)
    schedule = Halving(optimizer)
    for _ in range(3):
        schedule.step()
    assert schedule.get_last_lr() == [0.05, 0.025]


schedules: Any = optim.lr_scheduler


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda o: schedules.StepLR(None, 3), "needs an optimizer, not NoneType"),
        (lambda o: schedules.LinearLR(o, start_factor=0), "start_factor must be above 0"),
        (lambda o: schedules.ConstantLR(o, factor=2), "factor must be above 0"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 0), "T_0 must be an integer of at least 1"),
        (lambda o: schedules.OneCycleLR(o, 0.1), "give total_steps, or epochs and steps_per_epoch"),
        (lambda o: schedules.OneCycleLR(o, [0.1], 9), "max_lr has 1 values for 2 groups"),
        (lambda o: schedules.OneCycleLR(o, 0.1, 10, pct_start=0.1), "ends where it begins"),
        (lambda o: schedules.OneCycleLR(o, 0.1, 10, div_factor=0), "div_factor and final_div_factor"),
        (lambda o: schedules.CyclicLR(o, 0.1, 0.2, step_size_up=0), "at least one step, not 0"),
        (lambda o: schedules.LambdaLR(o, [abs]), "1 functions for 2 groups"),
        (lambda o: schedules.ReduceLROnPlateau(o, factor=1), "factor must be below 1"),
        (lambda o: schedules.ReduceLROnPlateau(o, mode="best"), "mode must be min or max"),
        (lambda o: schedules.StepLR(o, 3, last_epoch=4), "no initial_lr to go on from"),
        (lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 3)], [4]), "need 0 milestones, not 1"),
        (lambda o: schedules.ChainedScheduler([]), "at least one scheduler"),
        (
            lambda o: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(o)]),
            "steps need a metric; step it by itself",
        ),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(_optimizer(engine), 3)], []),
            "belongs to another optimizer",
        ),
        (
            lambda o: schedules.OneCycleLR(optim.Adagrad([engine.ones(1)]), 0.1, 9),
            "neither momentum nor betas",
        ),
    ],
)
def test_senseless_settings_are_refused(make, complaint):
    with pytest.raises(EngineError, match=complaint):
        make(_optimizer(engine))


def test_a_cycle_that_is_over_says_so():
    schedule = schedules.OneCycleLR(_optimizer(engine), 0.1, 3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(EngineError, match="step 4 of a cycle of 3"):
        schedule.step()
