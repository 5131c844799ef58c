"""Wav files."""

import io
import wave

import numpy as np
import pytest

import engine
from engine import audio
from engine.errors import CheckpointError, DTypeError, ShapeError


def write(path, samples, width, rate=8000):
    """Samples int [T, C] as a wav file of so many bytes each."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        wide = samples.astype("<i4").tobytes()
        raw = np.frombuffer(wide, np.uint8).reshape(-1, 4)[:, :width]
        file.writeframes(raw.tobytes())


@pytest.mark.parametrize(("width", "white"), [(1, 2**7), (2, 2**15), (3, 2**23), (4, 2**31)])
def test_every_width_is_scaled_to_one(tmp_path, width, white):
    values = np.array([[0, -white], [white // 2, white - 1], [-white // 4, 1]])
    write(tmp_path / "a.wav", values + (128 if width == 1 else 0), width)
    waveform, rate = audio.load(tmp_path / "a.wav")
    assert (waveform.dtype, waveform.shape, rate) == (engine.float32, (2, 3), 8000)
    np.testing.assert_allclose(waveform.numpy(), values.T / white, atol=1e-7)
    assert audio.load(str(tmp_path / "a.wav"), channels_first=False)[0].shape == (3, 2)


def test_stored_numbers_can_be_had_as_they_are(tmp_path):
    values = np.array([[5], [-7]])
    for width, kind, factor in ((1, "uint8", 1), (2, "int16", 1), (3, "int32", 256), (4, "int32", 1)):
        write(tmp_path / "a.wav", values % 256 if width == 1 else values, width)
        waveform, _ = audio.load(tmp_path / "a.wav", normalize=False)
        assert waveform.dtype.name == kind
        assert waveform[0].tolist() == ([5, 249] if width == 1 else [5 * factor, -7 * factor])


def test_what_is_saved_is_read_back(tmp_path):
    waveform = engine.tensor([[0.0, 0.5, -1.0, 0.25], [1.0, -2.0, 0.0, -0.125]])
    audio.save(tmp_path / "a.wav", waveform, 16000)
    back, rate = audio.load(io.BytesIO((tmp_path / "a.wav").read_bytes()))
    assert rate == 16000
    np.testing.assert_allclose(back.numpy(), np.clip(waveform.numpy(), -1, 32767 / 32768))
    audio.save(tmp_path / "b.wav", audio.load(tmp_path / "a.wav", normalize=False)[0], 16000)
    assert (tmp_path / "b.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()
    with pytest.raises(ShapeError, match="adds a channel"):
        audio.save(tmp_path / "c.wav", waveform[0], 8000)
    with pytest.raises(DTypeError, match="floats or int16"):
        audio.save(tmp_path / "c.wav", waveform.long(), 8000)


def test_a_file_that_is_no_wav_says_so(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"OggS" * 20)
    with pytest.raises(CheckpointError, match=r"can't be read as a wav file"):
        audio.load(tmp_path / "a.wav")
    with pytest.raises(CheckpointError, match=r"missing\.wav can't be read"):
        audio.load(str(tmp_path / "missing.wav"))
