"""The state's file: whole or absent, and nothing else is taken for one."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engine.errors import CheckpointError
from engine.training import Callbacks, Trainer, TrainingState


class StopAt(Callbacks):
    def __init__(self, trainer, step):
        self.trainer, self.stop_at = trainer, step

    def should_stop(self):
        return self.trainer.step >= self.stop_at


@pytest.fixture
def state(job, model, splits):
    job |= {"optimizer": {"type": "AdamW"}, "scheduler": {"type": "StepLR", "step_size": 1}}
    trainer = Trainer.from_job(job, model, splits)
    trainer.fit(StopAt(trainer, 8), report_interval_s=0)
    return trainer.state()


def leaves(tree, path=""):
    """Every value of a tree by its path, tensors as their bytes."""
    if isinstance(tree, dict):
        return {k: v for key, item in tree.items() for k, v in leaves(item, f"{path}/{key}").items()}
    if hasattr(tree, "numpy"):
        return {path: (tree.shape, str(tree.dtype), tree.numpy().tobytes())}
    return {path: tree}


def test_a_state_survives_its_file_bit_by_bit(state, tmp_path):
    state.save(tmp_path / "state.safetensors")
    loaded = TrainingState.load(tmp_path / "state.safetensors")
    assert (loaded.step, loaded.epoch) == (state.step, state.epoch) == (8, 2)
    assert loaded.progress == state.progress
    assert leaves(loaded.weights) == leaves(state.weights)
    assert leaves(loaded.optimizer) == leaves(state.optimizer)
    assert loaded.scheduler == state.scheduler
    assert loaded.fingerprint == state.fingerprint


def test_the_file_is_plain_safetensors(state, tmp_path):
    state.save(tmp_path / "state.safetensors")
    arrays = load_file(tmp_path / "state.safetensors")
    assert (arrays["weights.fc1.weight"] == state.weights["fc1.weight"].numpy()).all()


def test_saving_again_replaces_the_file_and_leaves_no_other(state, tmp_path):
    state.save(tmp_path / "state.safetensors")
    state.save(tmp_path / "state.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_failed_save_leaves_the_old_file(state, tmp_path):
    path = tmp_path / "state.safetensors"
    state.save(path)
    before = path.read_bytes()
    state.progress.summary["what"] = object()
    with pytest.raises(CheckpointError):
        state.save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\xff" * 100, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"]
)
def test_a_file_that_is_no_state_is_refused_by_name(content, tmp_path):
    path = tmp_path / "broken.file"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"broken\.file"):
        TrainingState.load(path)


def test_a_cut_file_is_refused(state, tmp_path):
    path = tmp_path / "state.safetensors"
    state.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError):
        TrainingState.load(path)


def test_bare_weights_are_no_state(tmp_path):
    save_file({"fc1.weight": np.zeros(3, np.float32)}, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="no training state"):
        TrainingState.load(tmp_path / "w.safetensors")


def test_a_missing_file_is_a_checkpoint_error(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        TrainingState.load(tmp_path / "nowhere.safetensors")
