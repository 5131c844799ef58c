"""The loop: what it learns, what it tells, and how it ends."""

import math

import numpy as np
import pytest
from safetensors.numpy import load_file

from engine.errors import NonFinite, SpecError
from engine.training import Callbacks, LossNotFinite, Trainer
from engine.training import batches as batches_module


class Listener(Callbacks):
    """Writes down every call in order."""

    def __init__(self):
        self.calls, self.columns = [], []

    def on_metrics(self, batch):
        self.calls.append("metrics")
        self.columns.append({column.key: column for column in batch})

    def on_progress(self, epoch, epochs, step, steps_total):
        self.calls.append(("progress", epoch, epochs, step, steps_total))

    def on_epoch(self, epoch, summary):
        self.calls.append(("epoch", epoch, summary))

    def on_checkpoint(self, state):
        self.calls.append(("checkpoint", state.step))

    def curve(self, key):
        found = [columns[key] for columns in self.columns if key in columns]
        return {
            name: np.concatenate([getattr(column, name) for column in found]).tolist()
            for name in ("steps", "values", "epochs", "timestamps_ms")
        }


@pytest.fixture
def heard(job, model, splits):
    listener = Listener()
    Trainer.from_job(job, model, splits).fit(listener, report_interval_s=1e9)
    return listener


def test_it_learns(job, model, splits):
    result = Trainer.from_job({**job, "epochs": 20}, model, splits).fit()
    assert result.status == "finished"
    assert result.metrics["test_accuracy"] >= 0.9
    assert set(result.metrics) == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}


def test_every_step_has_its_loss_and_accuracy(heard):
    for key in ("loss", "accuracy"):
        curve = heard.curve(key)
        assert curve["steps"] == list(range(1, 19))
        assert curve["epochs"] == [1] * 6 + [2] * 6 + [3] * 6
        assert curve["timestamps_ms"] == sorted(curve["timestamps_ms"])
    assert all(0 <= value <= 1 for value in heard.curve("accuracy")["values"])


def test_an_epochs_values_stand_at_its_last_step(heard):
    for key in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
        assert heard.curve(key)["steps"] == [6, 12, 18]
        assert heard.curve(key)["epochs"] == [1, 2, 3]


def test_an_epochs_loss_weighs_samples_not_batches(heard):
    losses, sizes = heard.curve("loss")["values"][:6], [8, 8, 8, 8, 8, 5]
    expected = sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / 45
    assert heard.curve("train_loss")["values"][0] == pytest.approx(expected, rel=1e-12)


def test_epochs_are_told_after_their_points(heard):
    kinds = [call if isinstance(call, str) else call[0] for call in heard.calls]
    assert kinds == ["metrics", "progress"] + ["metrics", "progress", "epoch"] * 3
    assert [call[1:] for call in heard.calls if call[0] == "progress"] == [
        (1, 3, 1, 18),  # the first step is told of at once
        (2, 3, 6, 18),
        (3, 3, 12, 18),
        (3, 3, 18, 18),
    ]


def test_the_summary_is_what_the_curves_say(heard):
    last = [call for call in heard.calls if call[0] == "epoch"][-1][2]
    assert last == {key: heard.curve(key)["values"][-1] for key in last}


def test_an_interval_of_nothing_reports_every_step(job, model, splits):
    listener = Listener()
    Trainer.from_job(job, model, splits).fit(listener, report_interval_s=0)
    assert listener.calls.count("metrics") == 18 + 3
    assert listener.curve("loss")["steps"] == list(range(1, 19))


def test_points_up_to_a_checkpoint_are_told_before_it(job, model, splits):
    listener = Listener()
    job["checkpoint"] = {"every_steps": 5}
    Trainer.from_job(job, model, splits).fit(listener, report_interval_s=1e9)
    told = 0
    columns = iter(listener.columns)
    for call in listener.calls:
        if call == "metrics":
            batch = next(columns)
            told = int(max(column.steps[-1] for column in batch.values()))
        elif call[0] == "checkpoint":
            assert told == call[1]


@pytest.mark.parametrize(("every", "steps"), [("epoch", [6, 12, 18, 24, 30]), (2, [12, 24, 30]), (99, [30])])
def test_evaluation_keeps_its_cadence_and_ends_the_run(every, steps, job, model, splits):
    listener = Listener()
    job |= {"epochs": 5, "evaluate": {"split": "test", "every": every}}
    Trainer.from_job(job, model, splits).fit(listener)
    assert listener.curve("test_accuracy")["steps"] == steps


def test_evaluation_changes_nothing(job, model, splits):
    quiet, measured = (
        Trainer.from_job({**job, "evaluate": evaluate}, model, splits) for evaluate in (None, job["evaluate"])
    )
    assert "test_loss" not in quiet.fit().metrics
    measured.fit()
    for key, value in quiet.model.state_dict().items():
        assert (value == measured.model.state_dict()[key]).all()
    assert measured.model.training


def test_evaluation_drops_nothing_out(job, model, splits):
    """The test loss is that of the network without dropout, over all samples at once."""
    trainer = Trainer.from_job(job, model, splits)
    result = trainer.fit()
    images, targets = splits["test"]
    w = {key: value.numpy().astype(np.float64) for key, value in trainer.model.state_dict().items()}
    x = ((images / 255) - 0.5).reshape(20, 16) / 0.25
    logits = np.maximum(x @ w["fc1.weight"].T + w["fc1.bias"], 0) @ w["fc2.weight"].T + w["fc2.bias"]
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert result.metrics["test_loss"] == pytest.approx(-log_p[np.arange(20), targets].mean(), rel=1e-5)
    assert result.metrics["test_accuracy"] == (logits.argmax(1) == targets).mean()


def test_a_schedule_moves_the_learning_rate_once_an_epoch(job, model, splits):
    job["scheduler"] = {"type": "StepLR", "step_size": 1, "gamma": 0.5}
    trainer = Trainer.from_job(job, model, splits)
    trainer.fit()
    assert trainer.parts.optimizer.param_groups[0]["lr"] == 0.05 * 0.5**3


@pytest.mark.parametrize("interval", [0, 1e9])
def test_a_loss_without_end_stops_the_run_and_keeps_the_points_before(interval, job, model, splits):
    listener = Listener()
    job |= {"optimizer": {"type": "SGD", "lr": 1e30}, "metrics": []}
    trainer = Trainer.from_job(job, model, splits)
    with pytest.raises(LossNotFinite, match=r"at step \d+; a lower learning rate") as caught:
        trainer.fit(listener, interval)
    assert isinstance(caught.value, NonFinite)
    assert not math.isfinite(caught.value.value)
    steps = listener.curve("loss")["steps"]
    assert steps == list(range(1, caught.value.step))
    assert all(map(math.isfinite, listener.curve("loss")["values"]))


def test_an_evaluation_without_a_finite_loss_stops_the_run_too(job, model):
    x, y = np.ones((8, 1, 4, 4), np.float32), np.zeros(8, np.int64)
    job |= {"transforms": [], "epochs": 1}
    trainer = Trainer.from_job(job, model, {"train": (x, y), "test": (x * np.float32(np.inf), y)})
    with pytest.raises(LossNotFinite, match='on the "test" split after step 1'):
        trainer.fit()


def test_running_out_of_memory_passes_through(job, model, splits):
    class Starving(Callbacks):
        def on_metrics(self, batch):
            raise MemoryError

    with pytest.raises(MemoryError):
        Trainer.from_job(job, model, splits).fit(Starving())


def test_a_wish_to_stop_is_heard_before_every_step_and_evaluation(job, model, splits):
    class Counting(Listener):
        asked = 0

        def should_stop(self):
            self.asked += 1
            return self.asked > 7  # six steps and the epoch's evaluation are let pass

    listener = Counting()
    trainer = Trainer.from_job(job, model, splits)
    assert trainer.fit(listener, 1e9).status == "stopped"
    assert trainer.step == 6
    assert listener.curve("test_loss")["steps"] == [6]


def test_stopping_in_an_evaluation_leaves_the_epoch_open(job, model, splits):
    trainer = Trainer.from_job(job, model, splits)

    class Stop(Listener):
        def should_stop(self):
            return trainer.state().progress.position == 6

    listener = Stop()
    assert trainer.fit(listener).status == "stopped"
    assert not [call for call in listener.calls if call[0] == "epoch"]
    assert trainer.fit().metrics["test_accuracy"] >= 0


def test_weights_are_saved_with_torchs_keys(job, model, splits, tmp_path):
    trainer = Trainer.from_job(job, model, splits)
    trainer.save_weights(tmp_path / "weights.safetensors")
    arrays = load_file(tmp_path / "weights.safetensors")
    assert {key: array.shape for key, array in arrays.items()} == {
        "fc1.weight": (16, 16),
        "fc1.bias": (16,),
        "fc2.weight": (3, 16),
        "fc2.bias": (3,),
    }


def test_samples_too_many_to_hold_transformed_give_the_same(job, model, splits, monkeypatch):
    job["transforms"].insert(1, {"type": "Pad", "padding": 0})
    held = Trainer.from_job(job, model, splits)
    monkeypatch.setattr(batches_module, "HELD_BYTES", 100)
    each = Trainer.from_job(job, model, splits)
    assert held.parts.train._inputs.dtype == np.float32
    assert each.parts.train._inputs.dtype == np.uint8
    assert held.fit() == each.fit()


def test_numbers_can_be_targets(job):
    random = np.random.default_rng(0)
    x = random.random((64, 3), np.float32)
    y = (x @ np.array([[1.0], [-2.0], [0.5]], np.float32)).astype(np.float32)
    model = {"input": {"shape": [3]}, "layers": [{"type": "Linear", "out_features": 1}]}
    job |= {"loss": {"type": "MSELoss"}, "transforms": [], "metrics": [], "evaluate": None, "epochs": 60}
    result = Trainer.from_job(job, model, {"train": (x, y)}).fit()
    assert result.metrics["train_loss"] < 1e-4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"transforms": []}, "/transforms"),
        ({"batch_size": 46}, "/batch_size"),
        ({"evaluate": {"split": "validation"}}, "/evaluate/split"),
        ({"optimizer": {"type": "SGD", "lr": "fast"}}, "/optimizer/lr"),
    ],
)
def test_a_job_that_does_not_fit_is_refused_before_anything_runs(change, pointer, job, model, splits):
    with pytest.raises(SpecError) as caught:
        Trainer.from_job({**job, **change}, model, splits)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_classes_beyond_the_models_outputs_are_refused(job, model, splits):
    splits["test"][1][5] = 3
    with pytest.raises(SpecError, match="the model gives 3 outputs, the dataset has 4 classes"):
        Trainer.from_job(job, model, splits)


def test_no_training_split_is_told(job, model, splits):
    with pytest.raises(SpecError, match='there is no "train" split'):
        Trainer.from_job(job, model, {"test": splits["test"]})
