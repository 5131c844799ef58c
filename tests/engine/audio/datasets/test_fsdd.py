"""Spoken digits: recordings made up here, and the public ones where they are."""

import zipfile

import numpy as np
import pytest

import engine
from engine import audio
from engine.audio.datasets import FSDD
from engine.errors import CheckpointError


def recordings(folder, numbers, rate=8000):
    folder.mkdir(parents=True, exist_ok=True)
    for digit in (3, 7):
        for number in numbers:
            waveform = engine.full((1, 10 + number), digit / 10)
            audio.save(folder / f"{digit}_theo_{number}.wav", waveform, rate)


@pytest.mark.parametrize("layout", ["zip", "recordings", "."])
def test_the_first_five_of_each_are_for_testing(tmp_path, layout):
    folder = tmp_path / ("recordings" if layout != "." else ".")
    recordings(folder, [0, 4, 5, 12])
    if layout == "zip":
        with zipfile.ZipFile(tmp_path / "recordings.zip", "w") as packed:
            for path in sorted(folder.glob("*.wav")):
                packed.write(path, f"recordings/{path.name}")
                path.unlink()
    train, test = FSDD(tmp_path), FSDD(tmp_path, train=False)
    assert (train.targets.tolist(), test.targets.tolist()) == ([3, 3, 7, 7], [3, 3, 7, 7])
    assert [len(w) for w in train.waveforms] == [15, 22, 15, 22]
    assert [len(w) for w in test.waveforms] == [10, 14, 10, 14]
    waveform, digit = train[3]
    np.testing.assert_allclose(waveform.numpy(), 0.7, atol=1e-4)
    assert (digit, train.speakers) == (7, ["theo"] * 4)


def test_transforms_are_applied_to_waveform_and_digit(tmp_path):
    recordings(tmp_path, [9])
    data = FSDD(tmp_path, transform=len, target_transform=str)
    assert [data[k] for k in range(len(data))] == [(19, "3"), (19, "7")]


def test_what_is_missing_or_wrong_is_said(tmp_path):
    with pytest.raises(CheckpointError, match=r"no recordings\.zip"):
        FSDD(tmp_path)
    recordings(tmp_path, [9], rate=16000)
    with pytest.raises(CheckpointError, match="sampled at 16000 Hz"):
        FSDD(tmp_path)
    (tmp_path / "recordings.zip").write_bytes(b"no zip")
    with pytest.raises(CheckpointError, match="can't be read"):
        FSDD(tmp_path)


def test_the_public_recordings_are_those_described(public_data):
    test = FSDD(public_data("fsdd"), train=False)
    assert len(test) == 300
    assert np.bincount(test.targets).tolist() == [30] * 10
    assert len(set(test.speakers)) == 6
    assert max(float(w.abs().max().item()) for w in test.waveforms) <= 1
