"""The state's file: whole or absent, and nothing else is taken for one."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.errors import CheckpointError
from engine.training.state import TrainingState


@pytest.fixture
def state():
    weights = {"fc1.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "scale": np.float64(3).reshape(())}
    optimizer = {"0.momentum": np.ones((2, 3), np.float32)}
    progress = {"step": 12, "epoch": 1, "loss_sum": 0.1 + 0.2, "ünïcode": [1, None]}
    return TrainingState(weights, optimizer, progress, "ab" * 32)


def test_a_state_survives_its_file_bit_by_bit(state, tmp_path):
    state.save(tmp_path / "state.safetensors")
    loaded = TrainingState.load(tmp_path / "state.safetensors")
    assert loaded.progress == state.progress
    assert loaded.job_sha256 == state.job_sha256
    assert (loaded.step, loaded.epoch) == (12, 2)
    for group in ("weights", "optimizer"):
        before, after = getattr(state, group), getattr(loaded, group)
        assert before.keys() == after.keys()
        for key in before:
            assert after[key].dtype == before[key].dtype
            assert after[key].shape == before[key].shape
            assert after[key].tobytes() == before[key].tobytes()


def test_saving_leaves_no_other_file_behind(state, tmp_path):
    state.save(tmp_path / "state.safetensors")
    state.save(tmp_path / "state.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_failed_save_leaves_the_old_file_and_no_litter(state, tmp_path):
    path = tmp_path / "state.safetensors"
    state.save(path)
    before = path.read_bytes()
    broken = TrainingState({"w": np.array(["text"])}, {}, state.progress, state.job_sha256)
    with pytest.raises(Exception, match="dtype|U4|str"):
        broken.save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\xff" * 100, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"]
)
def test_a_file_that_is_no_state_is_refused_by_name(content, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="x.safetensors"):
        TrainingState.load(path)


def test_bare_weights_are_no_state(tmp_path):
    save_file({"fc1.weight": np.zeros(3, np.float32)}, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="no format"):
        TrainingState.load(tmp_path / "w.safetensors")


def test_a_missing_file_is_a_checkpoint_error(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        TrainingState.load(tmp_path / "nowhere.safetensors")
