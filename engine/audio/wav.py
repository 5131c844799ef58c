"""Reading and writing wav files with the standard library."""

import os
import wave
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from engine.errors import CheckpointError, DTypeError, ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy

Source = str | os.PathLike[str] | IO[bytes]


def load(uri: Source, normalize: bool = True, channels_first: bool = True) -> tuple[Tensor, int]:
    """The waveform [C, T] of a wav file of whole numbers (PCM of 8 to 32 bits), and its rate in Hz.

    normalize: float32 in [-1, 1); otherwise the stored numbers, uint8, int16 or int32 (24 bits as int32)
    channels_first: [T, C] otherwise
    Raises CheckpointError if the file can't be read.
    """
    name = getattr(uri, "name", None) or (uri if isinstance(uri, str) else "this file")
    try:
        # wave opens names itself, but not paths
        with wave.open(os.fspath(uri) if isinstance(uri, os.PathLike) else uri, "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise CheckpointError(f"{name} can't be read as a wav file: {error}") from None
    samples = _numbers(raw, width).reshape(-1, channels)
    if normalize:
        samples = _scaled(samples)
    return from_numpy(np.ascontiguousarray(samples.T if channels_first else samples)), rate


def _numbers(raw: bytes, width: int) -> npt.NDArray[Any]:
    if width == 3:
        # a low byte of zeros makes 32 bits of 24
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.int32)
    stored = np.frombuffer(raw, {1: "u1", 2: "<i2", 4: "<i4"}[width])
    return stored.astype(stored.dtype.newbyteorder("="))


def _scaled(samples: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / np.float32(128)
    # exact for 16 bits; 32 bits are rounded once
    return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)


def save(uri: str | os.PathLike[str], src: Tensor, sample_rate: int, channels_first: bool = True) -> None:
    """Write a waveform [C, T] as a wav file of 16 bits; floats are taken from [-1, 1) and clipped to it."""
    if src.ndim != 2:
        raise ShapeError(f"save takes a waveform [C, T], not shape {src.shape}; unsqueeze(0) adds a channel")
    samples = src.detach().numpy()
    if samples.dtype.kind == "f":
        samples = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2")
    elif samples.dtype != np.int16:
        raise DTypeError(f"save takes a waveform of floats or int16, not {src.dtype}")
    frames = samples.T if channels_first else samples
    with wave.open(str(Path(uri)), "wb") as file:
        file.setnchannels(frames.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.ascontiguousarray(frames, "<i2").tobytes())
