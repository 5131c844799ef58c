"""Runs whose steps are captured, beside the same runs step by step as they are written."""

import numpy as np
import pytest

from engine.backends import native
from engine.training import Callbacks, LossNotFinite, Trainer, TrainingState
from engine.training import steps as steps_module
from tests.engine.training.conftest import blobs
from tests.engine.training.written import AsWritten

EPOCHS, STEPS = 17, 102

# small arrays, of which NumPy's kernels give other bits than native ones
GELU = [
    {"type": "Flatten"},
    {"name": "fc1", "type": "Linear", "out_features": 16},
    {"type": "LayerNorm", "normalized_shape": [16]},
    {"type": "GELU"},
    {"name": "fc2", "type": "Linear", "out_features": 3},
]
CONVOLUTION = [
    {"type": "Conv2d", "out_channels": 4, "kernel_size": 3},
    {"type": "BatchNorm2d"},
    {"type": "ReLU"},
    {"type": "Flatten"},
    {"name": "fc", "type": "Linear", "out_features": 3},
]

VARIANTS: dict[str, dict] = {
    "momentum and dropout": {},
    "Adam": {"optimizer": {"type": "Adam", "lr": 0.01}, "scheduler": {"type": "StepLR", "step_size": 2}},
    "AdamW, GELU": {"optimizer": {"type": "AdamW", "lr": 0.01}, "layers": GELU},
    "convolution": {"layers": CONVOLUTION, "shuffle": False},
    "rates by step": {
        "scheduler": {"type": "OneCycleLR", "max_lr": 0.1, "cycle_momentum": False},
        "layers": GELU,
    },
    "momentum by step": {"scheduler": {"type": "OneCycleLR", "max_lr": 0.1}},
    "varied": {
        "transforms": [{"type": "ToTensor"}, {"type": "RandomCrop", "size": 4, "padding": 1}],
    },
    "held": {"transforms": [{"type": "ToTensor"}, {"type": "Pad", "padding": 0}]},
}


class Heard(Callbacks):
    def __init__(self, trainer=None, stop_at=None):
        self.trainer, self.stop_at = trainer, stop_at
        self.points, self.states = {}, []

    def on_metrics(self, batch):
        for column in batch:
            for step, value in zip(column.steps.tolist(), column.values.tolist(), strict=True):
                self.points[column.key, step] = value

    def on_checkpoint(self, state):
        self.states.append(state)

    def should_stop(self):
        return self.trainer is not None and self.trainer.step == self.stop_at


@pytest.fixture(params=VARIANTS)
def make(request, job, model, splits):
    changes = {"epochs": EPOCHS, **VARIANTS[request.param]}
    model["layers"] = changes.pop("layers", model["layers"])
    return lambda: Trainer.from_job({**job, **changes}, model, splits)


@pytest.fixture
def as_written(make, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(steps_module, "capture", AsWritten)
        trainer = make()
        heard = Heard()
        trainer.fit(heard)
    assert trainer.step == STEPS
    return trainer, heard


def weights(trainer):
    return {key: value.numpy().tobytes() for key, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("interval", [0, 1e9], ids=["told each step", "told in blocks"])
def test_captured_steps_give_the_bits_of_steps_as_written(interval, make, as_written):
    whole, expected = as_written
    trainer, heard = make(), Heard()
    assert trainer.fit(heard, interval).status == "finished"
    assert heard.points == expected.points
    assert weights(trainer) == weights(whole)
    assert trainer.state().progress == whole.state().progress


@pytest.mark.parametrize("stop_at", [1, 3, 40, 83])
def test_a_captured_run_that_is_resumed_gives_the_same_bits(stop_at, make, as_written, tmp_path):
    whole, expected = as_written
    first = make()
    before = Heard(first, stop_at)
    assert first.fit(before, 0).status == "stopped"  # each step is told: none is done before the next wish
    assert first.step == stop_at
    first.state().save(tmp_path / "state")
    second, after = make(), Heard()
    second.restore(TrainingState.load(tmp_path / "state"))
    second.fit(after)
    assert {**before.points, **after.points} == expected.points
    assert weights(second) == weights(whole)


def test_steps_are_replayed_and_nothing_runs_as_written_for_good(job, model, splits):
    trainer = Trainer.from_job({**job, "epochs": EPOCHS}, model, splits)
    trainer.fit()
    report = trainer._loop._steps._captured.report()
    assert (
        report.replays >= STEPS - 3 * 3
    )  # two runs recorded of full and of last batches each, and some slack
    assert trainer.why_eager == ""


needs_core = pytest.mark.skipif(native.BACKEND is None, reason="blocks are native programs")


@pytest.fixture
def blocks(monkeypatch):
    """How many steps each call of several has made."""
    lengths = []

    def many(self, *given):
        found = plain(self, *given)
        if found:
            lengths.append(len(found[0]))
        return found

    plain = steps_module.Steps.many
    monkeypatch.setattr(steps_module.Steps, "many", many)
    return lengths


@needs_core
@pytest.mark.parametrize("variant", [name for name in VARIANTS if name not in ("momentum by step", "varied")])
def test_steps_that_are_native_programs_are_made_in_blocks(variant, blocks, job, model, splits):
    changes = dict(VARIANTS[variant])
    model["layers"] = changes.pop("layers", model["layers"])
    Trainer.from_job({**job, "epochs": EPOCHS, "evaluate": None, **changes}, model, splits).fit()
    # three steps are enough to know a program, of full batches and of the last ones
    assert STEPS - 12 <= sum(blocks) <= STEPS
    assert max(blocks) == 5  # all full batches of an epoch


@needs_core
def test_blocks_of_steps_end_at_checkpoints(blocks, job, model, splits):
    model["layers"] = GELU
    job |= {"epochs": 4, "checkpoint": {"every_steps": 5}}
    trainer = Trainer.from_job(job, model, splits)
    heard = Heard()
    trainer.fit(heard, 1e9)
    assert max(blocks) > 1
    assert [state.step for state in heard.states] == [5, 10, 15, 20]
    for state in heard.states:
        again = Trainer.from_job(job, model, splits)
        again.restore(state)
        again.fit()
        assert weights(again) == weights(trainer)


def test_a_step_that_reads_values_runs_as_written_and_the_run_says_why(model, job):
    rng = np.random.default_rng(0)
    model["input"]["shape"] = [8, 6]
    model["layers"] = [{"type": "Linear", "out_features": 5}, {"type": "LogSoftmax", "dim": -1}]
    job |= {"loss": {"type": "CTCLoss"}, "metrics": [], "transforms": [], "evaluate": None, "epochs": 2}
    x, y = rng.random((24, 8, 6), np.float32), rng.integers(1, 5, (24, 2))
    trainer = Trainer.from_job(job, model, {"train": (x, y)})
    assert trainer.fit().status == "finished"
    assert "reads a tensor's values" in trainer.why_eager


@needs_core
def test_a_loss_that_ends_within_a_block_is_found_with_its_step(blocks, job, model):
    """The first epoch is as it should be, and in the second one's only block there is an infinite sample."""
    x, y = blobs(128, 0)
    x = (x / np.float32(255))[:, None]
    job |= {"transforms": [], "metrics": [], "evaluate": None, "shuffle": False, "epochs": 3}
    model["layers"] = GELU
    trainer = Trainer.from_job(job, model, {"train": (x, y)})
    heard = Heard(trainer, 16)
    assert trainer.fit(heard, 1e9).status == "stopped"
    x[8 * 9] = np.inf  # the trainer has it as it is
    heard.stop_at = None
    blocks.clear()
    with pytest.raises(LossNotFinite, match="at step 26") as caught:
        trainer.fit(heard, 1e9)
    assert blocks[-1] > 11
    assert caught.value.step == 26
    assert trainer.step == 25
    assert sorted(step for key, step in heard.points if key == "loss") == list(range(1, 26))
