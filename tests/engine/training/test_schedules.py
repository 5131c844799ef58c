"""When the loop steps a job's scheduler, and what one that follows a metric is told."""

import numpy as np
import pytest

from engine.errors import SpecError
from engine.optim.lr_scheduler import OneCycleLR
from engine.training import Callbacks, Trainer


class Rates(Callbacks):
    """The learning rate before each step, and each epoch's summary."""

    def __init__(self, trainer):
        self.trainer, self.rates, self.summaries = trainer, [], []

    def should_stop(self):
        # asked before every step, and before batches of an evaluation
        if self.trainer.model.training:
            self.rates.append(self.trainer.parts.optimizer.param_groups[0]["lr"])
        return False

    def on_epoch(self, epoch, summary):
        self.summaries.append(summary)


def ran(job, model, splits, scheduler, **changes):
    trainer = Trainer.from_job({**job, "scheduler": scheduler, **changes}, model, splits)
    rates = Rates(trainer)
    trainer.fit(rates, report_interval_s=0)  # steps are then made one at a time
    return rates, trainer


def test_a_cycle_goes_by_steps_and_lasts_as_long_as_the_job(torch, job, model, splits):
    rates, trainer = ran(job, model, splits, {"type": "OneCycleLR", "max_lr": 0.5})
    optimizer = torch.optim.SGD([torch.ones(1)], lr=0.05, momentum=0.9)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, 18)
    expected = []
    for _ in range(18):
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()
    np.testing.assert_allclose(rates.rates, expected, rtol=1e-12)
    assert isinstance(trainer.parts.scheduler, OneCycleLR)
    assert trainer.parts.scheduler.total_steps == 18


def test_others_go_by_epochs(job, model, splits):
    rates, _ = ran(job, model, splits, {"type": "ExponentialLR", "gamma": 0.5})
    assert rates.rates == [0.05] * 6 + [0.025] * 6 + [0.0125] * 6


def test_a_warm_up_comes_first(job, model, splits):
    parts = [
        {"type": "LinearLR", "start_factor": 0.5, "total_iters": 2},
        {"type": "ExponentialLR", "gamma": 0.1},
    ]
    scheduler = {"type": "SequentialLR", "schedulers": parts, "milestones": [2]}
    rates, _ = ran(job, model, splits, scheduler, epochs=4)
    assert rates.rates[::6] == pytest.approx([0.025, 0.0375, 0.05, 0.005])


PLATEAU = {
    "type": "ReduceLROnPlateau",
    "patience": 0,
    "threshold": 1e9,
    "threshold_mode": "abs",
    "factor": 0.5,
}


@pytest.mark.parametrize(
    ("changes", "followed", "mode"),
    [
        ({}, "test_loss", "min"),
        ({"evaluate": None}, "train_loss", "min"),
        ({}, "test_accuracy", "max"),
        ({"evaluate": None}, "train_accuracy", "max"),
    ],
)
def test_a_plateau_follows_the_evaluation_or_the_training(job, model, splits, changes, followed, mode):
    # no value ever counts as better than the first one, so every later epoch halves the rate
    rates, trainer = ran(job, model, splits, {**PLATEAU, "mode": mode}, **changes)
    assert rates.rates == [0.05] * 12 + [0.025] * 6
    assert trainer.parts.scheduler.best == rates.summaries[0][followed]


def test_a_plateau_waits_for_an_evaluation(job, model, splits):
    evaluate = {"split": "test", "every": 2}
    rates, _ = ran(job, model, splits, PLATEAU, evaluate=evaluate, epochs=6)
    assert rates.rates[::6] == [0.05] * 4 + [0.025] * 2


def test_an_optimizer_with_a_closure_evaluates_the_same_batch_again(job, model, splits):
    _, trainer = ran(job, model, splits, None, optimizer={"type": "LBFGS", "max_iter": 4, "lr": 0.1})
    (state,) = trainer.parts.optimizer.state.values()
    assert trainer.step == 18
    assert state["func_evals"] > 36
    assert state["n_iter"] > 18


@pytest.mark.parametrize(
    ("scheduler", "changes", "pointer", "words"),
    [
        ({"type": "OneCycleLR", "max_lr": 1, "total_steps": 5}, {}, "/scheduler", "5 steps and the job 18"),
        ({"type": "ReduceLROnPlateau", "mode": "max"}, {"metrics": []}, "/scheduler/mode", "name the metric"),
        ({"type": "OneCycleLR", "max_lr": 1}, {"optimizer": {"type": "Adagrad"}}, "/scheduler", "momentum"),
    ],
)
def test_a_schedule_that_does_not_fit_the_job_is_refused(
    job, model, splits, scheduler, changes, pointer, words
):
    with pytest.raises(SpecError, match=words) as caught:
        Trainer.from_job({**job, "scheduler": scheduler, **changes}, model, splits)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]
