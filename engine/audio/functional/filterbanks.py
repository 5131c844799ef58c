"""Mel filter banks and the cosine transform, as matrices."""

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.dtypes import get_default_dtype
from engine.errors import EngineError, ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import from_numpy

__all__ = ["create_dct", "linear_fbanks", "melscale_fbanks"]

Array = npt.NDArray[Any]

LARGEST_BANK = 1 << 22  # numbers in a matrix

# Slaney's scale (Auditory Toolbox, 1998): linear below 1 kHz, logarithmic above
_LINEAR_HZ = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = math.log(6.4) / 27


def _to_mel(hz: Array, scale: str) -> Array:
    if scale == "htk":  # O'Shaughnessy, Speech communication, 1987
        return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))
    above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.asarray(np.where(hz >= _BREAK_HZ, above, hz / _LINEAR_HZ))


def _to_hz(mel: Array, scale: str) -> Array:
    if scale == "htk":
        return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.asarray(np.where(mel >= _BREAK_MEL, above, mel * _LINEAR_HZ))


def _triangles(frequencies: Array, corners: Array) -> Array:
    """[F, M]: filter m rises from corner m to 1 at corner m + 1 and falls to 0 at corner m + 2."""
    width = np.diff(corners)
    slopes = corners[None, :] - frequencies[:, None]
    falling, rising = slopes[:, 2:] / width[1:], -slopes[:, :-2] / width[:-1]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


def _matrix(values: Array) -> Tensor:
    return from_numpy(np.ascontiguousarray(values, get_default_dtype().numpy))


def _check_size(name: str, rows: int, columns: int) -> None:
    if rows * columns > LARGEST_BANK:
        raise ShapeError(f"{name}: a matrix of {rows} x {columns} numbers is too large; take fewer")


def melscale_fbanks(
    n_freqs: int,
    f_min: float,
    f_max: float,
    n_mels: int,
    sample_rate: int,
    norm: Literal["slaney"] | None = None,
    mel_scale: Literal["htk", "slaney"] = "htk",
) -> Tensor:
    """[n_freqs, n_mels]: triangular filters, evenly spaced on the mel scale.

    n_freqs: frequency bins from 0 to sample_rate / 2, n_fft // 2 + 1 of them
    f_min, f_max: lowest and highest frequency, in Hz
    norm: "slaney" gives every filter the same area, None the same height 1
    """
    if norm not in (None, "slaney"):
        raise EngineError(f'melscale_fbanks: norm is "slaney" or None, not {norm!r}')
    if mel_scale not in ("htk", "slaney"):
        raise EngineError(f'melscale_fbanks: mel_scale is "htk" or "slaney", not {mel_scale!r}')
    if not 0 <= f_min < f_max:
        raise ShapeError(f"melscale_fbanks: from {f_min} Hz to {f_max} Hz is no range of frequencies")
    if min(n_freqs, n_mels) < 1:
        raise ShapeError(
            f"melscale_fbanks: {n_freqs} frequencies and {n_mels} filters; give at least one each"
        )
    _check_size("melscale_fbanks", n_freqs, n_mels)
    ends = _to_mel(np.array([f_min, f_max]), mel_scale)
    corners = _to_hz(np.linspace(ends[0], ends[1], n_mels + 2), mel_scale)
    # as in torchaudio, half of an odd rate is rounded down
    bank = _triangles(np.linspace(0, sample_rate // 2, n_freqs), corners)
    if norm == "slaney":
        bank = bank * (2.0 / (corners[2:] - corners[:-2]))
    return _matrix(bank)


def linear_fbanks(n_freqs: int, f_min: float, f_max: float, n_filter: int, sample_rate: int) -> Tensor:
    """[n_freqs, n_filter]: triangular filters, evenly spaced in Hz."""
    _check_size("linear_fbanks", n_freqs, n_filter)
    corners = np.linspace(f_min, f_max, n_filter + 2)
    return _matrix(_triangles(np.linspace(0, sample_rate // 2, n_freqs), corners))


def create_dct(n_mfcc: int, n_mels: int, norm: Literal["ortho"] | None) -> Tensor:
    """[n_mels, n_mfcc]: the discrete cosine transform of type II, to multiply from the right.

    norm: "ortho" makes its columns orthonormal, None leaves 2 cos(pi / n_mels (n + 1/2) k)
    """
    if norm not in (None, "ortho"):
        raise EngineError(f'create_dct: norm is "ortho" or None, not {norm!r}')
    _check_size("create_dct", n_mels, n_mfcc)
    n, k = np.arange(n_mels)[:, None], np.arange(n_mfcc)[None, :]
    dct = 2.0 * np.cos(np.pi / n_mels * (n + 0.5) * k)
    if norm == "ortho":
        dct = dct * math.sqrt(0.5 / n_mels)
        dct[:, :1] *= math.sqrt(0.5)
    return _matrix(dct)
