"""Spectrograms and back, their differences in time, and other tempos."""

import math
from typing import Any, Literal

import numpy as np

from engine.errors import DTypeError, EngineError, ShapeError
from engine.signal.spectrogram import istft, stft
from engine.tensor import Tensor
from engine.tensor.complex import polar
from engine.tensor.creation import from_numpy, new_zeros
from engine.tensor.shapes import cat

__all__ = ["compute_deltas", "inverse_spectrogram", "phase_vocoder", "spectrogram"]

LONGEST_SLOPE = 1001  # frames
Normalized = bool | Literal["window", "frame_length"]


def _norms(normalized: Normalized, name: str) -> tuple[bool, bool]:
    """Whether to divide by the root of the frame's length, and by the window's norm."""
    if normalized not in (True, False, "window", "frame_length"):
        raise EngineError(
            f'{name}: normalized is a bool, "window" or "frame_length", not {normalized!r}; '
            "True means the window"
        )
    return normalized == "frame_length", normalized in (True, "window")


def _window_norm(window: Tensor) -> Tensor:
    return window.square().sum().sqrt()


def spectrogram(
    waveform: Tensor,
    pad: int,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    power: float | None,
    normalized: Normalized,
    center: bool = True,
    pad_mode: str = "reflect",
    onesided: bool = True,
    return_complex: bool | None = None,
) -> Tensor:
    """|STFT|^power of waveforms [..., T]: [..., n_fft // 2 + 1 or n_fft, frames]; complex if power is None.

    pad: zeros put at both ends first
    window: [win_length]
    normalized: divide the STFT by the window's norm (True, "window") or the root of n_fft ("frame_length")
    return_complex: has had no meaning in torchaudio for long, and is refused unless None
    """
    if return_complex is not None:
        raise EngineError("spectrogram: return_complex is out of use; power=None gives the complex STFT")
    if waveform.ndim < 1 or not waveform.is_floating_point():
        raise DTypeError(
            f"spectrogram takes a floating-point waveform [..., T], not {waveform.dtype} of shape "
            f"{waveform.shape}"
        )
    by_length, by_window = _norms(normalized, "spectrogram")
    lead = waveform.shape[:-1]
    if pad > 0:
        zeros = new_zeros(waveform, *lead, pad)
        waveform = cat([zeros, waveform, zeros], -1)
    weights = window.to(waveform.dtype)
    spec = stft(
        waveform.reshape(math.prod(lead), waveform.shape[-1]),
        n_fft,
        hop_length,
        win_length,
        weights,
        center,
        pad_mode,
        by_length,
        onesided,
        return_complex=True,
    )
    spec = spec.reshape(*lead, *spec.shape[-2:])
    if by_window:
        spec = spec / _window_norm(weights)
    if power is None:
        return spec
    magnitude = spec.abs()
    return magnitude if power == 1 else magnitude**power


def inverse_spectrogram(
    spectrogram: Tensor,
    length: int | None,
    pad: int,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    normalized: Normalized,
    center: bool = True,
    pad_mode: str = "reflect",
    onesided: bool = True,
) -> Tensor:
    """The waveforms [..., T] whose complex spectrograms [..., F, frames] these are.

    length: of the waveform; pad: as it was padded for the spectrogram
    pad_mode: as it was; what it added is cut off again
    """
    if not spectrogram.is_complex():
        raise DTypeError(
            f"inverse_spectrogram takes a complex spectrogram (power=None), not {spectrogram.dtype}"
        )
    by_length, by_window = _norms(normalized, "inverse_spectrogram")
    if by_window:
        spectrogram = spectrogram * _window_norm(window)
    lead = spectrogram.shape[:-2]
    waveform = istft(
        spectrogram.reshape(math.prod(lead), *spectrogram.shape[-2:]),
        n_fft,
        hop_length,
        win_length,
        window,
        center,
        by_length,
        onesided,
        None if length is None else length + 2 * pad,
    )
    if length is not None and pad > 0:
        waveform = waveform[:, pad:-pad]
    return waveform.reshape(*lead, waveform.shape[-1])


def check_slope(win_length: int, mode: str) -> None:
    if not 3 <= win_length <= LONGEST_SLOPE or mode != "replicate":
        raise EngineError(
            f'compute_deltas: win_length is 3 to {LONGEST_SLOPE} and mode "replicate", '
            f"not {win_length} and {mode!r}"
        )


def compute_deltas(specgram: Tensor, win_length: int = 5, mode: str = "replicate") -> Tensor:
    """The slope in time of [..., F, T], by least squares over win_length frames; the ends are repeated."""
    check_slope(win_length, mode)
    reach = (win_length - 1) // 2
    frames = specgram.shape[-1]
    around = [
        specgram.index_select(-1, from_numpy(np.clip(np.arange(frames) + k, 0, frames - 1)))
        for k in range(-reach, reach + 1)
    ]
    weighted: Any = 0.0
    for k, shifted in zip(range(-reach, reach + 1), around, strict=True):
        weighted = shifted * float(k) + weighted
    out: Tensor = weighted / (reach * (reach + 1) * (2 * reach + 1) / 3)
    return out


def phase_vocoder(complex_specgrams: Tensor, rate: float, phase_advance: Tensor) -> Tensor:
    """Complex spectrograms [..., F, T] played `rate` times as fast, [..., F, ceil(T / rate)], pitch kept.

    phase_advance: [F, 1], what the phase of each frequency grows by from frame to frame
    """
    if not complex_specgrams.is_complex():
        raise DTypeError(f"phase_vocoder takes a complex spectrogram, not {complex_specgrams.dtype}")
    if rate <= 0:
        raise ShapeError(f"phase_vocoder: rate must be positive, not {rate}")
    if rate == 1.0:
        return complex_specgrams
    times = np.arange(0, complex_specgrams.shape[-1], rate)
    whole = times.astype(np.int64)
    padded = cat([complex_specgrams, new_zeros(complex_specgrams, *complex_specgrams.shape[:-1], 2)], -1)
    before = padded.index_select(-1, from_numpy(whole))
    after = padded.index_select(-1, from_numpy(whole + 1))
    share = from_numpy((times - whole).astype(phase_advance.dtype.numpy))
    advance = after.angle() - before.angle() - phase_advance
    advance = advance - (advance / (2 * math.pi)).round() * (2 * math.pi) + phase_advance
    first = complex_specgrams[..., :1].angle()
    phase = cat([first, advance[..., :-1]], -1).cumsum(-1)
    size = after.abs() * share + before.abs() * (1.0 - share)
    return polar(size, phase)
