"""A run that was stopped and goes on gives the bits of one that wasn't."""

import pytest

from engine.errors import CheckpointError
from engine.tensor.random import default_generator, manual_seed, rand
from engine.training import Callbacks, Trainer, TrainingState

STEPS = 18  # of the whole run: three epochs of six


EACH_STEP = 0  # s between reports: none is made later than the step, and steps are made one at a time


class Recorder(Callbacks):
    """Keeps every point and every summary; stops after a number of steps."""

    def __init__(self, trainer, stop_at=None):
        self.trainer, self.stop_at = trainer, stop_at
        self.points, self.epochs, self.states = {}, {}, []

    def on_metrics(self, batch):
        for column in batch:
            for step, value in zip(column.steps.tolist(), column.values.tolist(), strict=True):
                self.points[column.key, step] = value

    def on_epoch(self, epoch, summary):
        self.epochs[epoch] = summary

    def on_checkpoint(self, state):
        self.states.append(state)

    def should_stop(self):
        return self.trainer.step == self.stop_at


def weights(trainer):
    return {key: value.numpy().tobytes() for key, value in trainer.model.state_dict().items()}


VARIANTS: dict[str, dict] = {
    "momentum": {},
    "plain": {"optimizer": {"type": "SGD", "lr": 0.1}, "shuffle": False},
    "nesterov": {
        "optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}
    },
    "Adam": {
        "optimizer": {"type": "Adam", "lr": 0.01},
        "scheduler": {"type": "CosineAnnealingLR", "T_max": 3},
    },
    "AdamW": {
        "optimizer": {"type": "AdamW", "lr": 0.01, "amsgrad": True},
        "scheduler": {"type": "StepLR", "step_size": 1},
    },
    "RMSprop, following the loss": {
        "optimizer": {"type": "RMSprop", "lr": 0.01, "centered": True, "momentum": 0.5},
        "scheduler": {"type": "ReduceLROnPlateau", "patience": 0, "threshold": 0.5},
    },
    "one cycle": {
        "optimizer": {"type": "NAdam", "lr": 0.01},
        "scheduler": {"type": "OneCycleLR", "max_lr": 0.05},
    },
    "warm-up": {
        "optimizer": {"type": "Adagrad", "lr": 0.05},
        "scheduler": {
            "type": "SequentialLR",
            "schedulers": [
                {"type": "LinearLR", "total_iters": 1},
                {"type": "CosineAnnealingLR", "T_max": 2},
            ],
            "milestones": [1],
        },
    },
    "LBFGS": {
        "optimizer": {"type": "LBFGS", "lr": 0.5, "max_iter": 3, "history_size": 4},
    },
}


@pytest.fixture(params=VARIANTS)
def variant(request, job):
    return {**job, **VARIANTS[request.param]}


@pytest.fixture
def undisturbed(variant, model, splits):
    trainer = Trainer.from_job(variant, model, splits)
    recorder = Recorder(trainer)
    assert trainer.fit(recorder).status == "finished"
    return trainer, recorder


@pytest.mark.parametrize("stop_at", [0, 1, 4, 6, 11, 12, 17])
def test_a_run_resumed_from_a_file_gives_the_same_bits(
    stop_at, variant, model, splits, undisturbed, tmp_path
):
    whole, expected = undisturbed
    first = Trainer.from_job(variant, model, splits)
    before = Recorder(first, stop_at)
    assert first.fit(before, EACH_STEP).status == "stopped"
    assert first.step == stop_at
    first.state().save(tmp_path / "state")
    manual_seed(99)  # what others draw in between doesn't matter

    second = Trainer.from_job(variant, model, splits)
    second.restore(TrainingState.load(tmp_path / "state"))
    after = Recorder(second)
    result = second.fit(after)
    assert weights(second) == weights(whole)
    assert {**before.points, **after.points} == expected.points
    assert {**before.epochs, **after.epochs} == expected.epochs
    assert result.metrics == expected.epochs[3]
    assert second.state().progress == whole.state().progress


def test_stopping_and_going_on_in_place_changes_nothing(variant, model, splits, undisturbed):
    trainer = Trainer.from_job(variant, model, splits)
    for stop_at in range(STEPS):
        assert trainer.fit(Recorder(trainer, stop_at), EACH_STEP).status == "stopped"
        rand(5)
    assert trainer.fit().status == "finished"
    assert weights(trainer) == weights(undisturbed[0])


def test_every_checkpoint_handed_out_can_be_resumed(job, model, splits):
    job["checkpoint"] = {"every_steps": 4}
    trainer = Trainer.from_job(job, model, splits)
    recorder = Recorder(trainer)
    trainer.fit(recorder)
    assert [state.step for state in recorder.states] == [4, 8, 12, 16]
    for state in recorder.states:
        again = Trainer.from_job(job, model, splits)
        again.restore(state)
        again.fit()
        assert weights(again) == weights(trainer)


def test_a_state_shares_no_memory_with_the_run(job, model, splits):
    trainer = Trainer.from_job(job, model, splits)
    trainer.fit(Recorder(trainer, 3), EACH_STEP)
    state = trainer.state()
    kept = {key: value.numpy().tobytes() for key, value in state.weights.items()}
    trainer.fit()
    assert kept == {key: value.numpy().tobytes() for key, value in state.weights.items()}
    assert kept != weights(trainer)


def test_a_longer_job_may_go_on_from_a_shorter_ones_state(job, model, splits):
    short = Trainer.from_job(job, model, splits)
    short.fit()
    longer = Trainer.from_job({**job, "epochs": 5}, model, splits)
    longer.restore(short.state())
    longer.fit()
    whole = Trainer.from_job({**job, "epochs": 5}, model, splits)
    whole.fit()
    assert weights(longer) == weights(whole)


@pytest.mark.parametrize(
    "change", [{"batch_size": 9}, {"seed": 8}, {"optimizer": {"type": "Adam"}}, {"shuffle": False}]
)
def test_a_state_of_another_run_is_refused_and_changes_nothing(change, job, model, splits):
    state = Trainer.from_job(job, model, splits).state()
    other = Trainer.from_job({**job, **change}, model, splits)
    before = weights(other)
    with pytest.raises(CheckpointError, match="another run"):
        other.restore(state)
    assert weights(other) == before


def test_the_same_job_gives_the_same_bits_whatever_ran_before(job, model, splits):
    first = Trainer.from_job(job, model, splits)
    second = Trainer.from_job(job, model, splits)  # built before the first has run
    first.fit()
    second.fit()
    assert weights(first) == weights(second)
    other = Trainer.from_job({**job, "seed": 8}, model, splits)
    other.fit()
    assert weights(other) != weights(first)


def test_the_default_generator_is_given_back_as_it_was(job, model, splits):
    trainer = Trainer.from_job(job, model, splits)
    manual_seed(3)
    rand(10)
    before = default_generator.get_state().tolist()
    trainer.fit()
    assert default_generator.get_state().tolist() == before
