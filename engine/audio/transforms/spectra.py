"""From waveforms to spectrograms, log-mel energies and cepstra."""

import math
from collections.abc import Callable
from typing import Any, Literal

from engine.audio.functional.spectra import (
    Normalized,
    check_slope,
    compute_deltas,
    inverse_spectrogram,
    phase_vocoder,
    spectrogram,
)
from engine.audio.transforms.filterbanks import AmplitudeToDB, MelScale, cosine_bank
from engine.audio.transforms.module import AudioTransform
from engine.errors import EngineError, ShapeError
from engine.signal.spectrogram import hann_window
from engine.tensor import Tensor
from engine.tensor.creation import linspace

__all__ = ["MFCC", "ComputeDeltas", "InverseSpectrogram", "MelSpectrogram", "Spectrogram", "TimeStretch"]

Window = Callable[..., Tensor]
LONGEST_FRAME = 1 << 20  # samples
PadMode = Literal["reflect", "constant", "replicate", "circular"]


def _check_frames(name: str, n_fft: int, win_length: int, hop_length: int, pad: int) -> None:
    if not 1 <= n_fft <= LONGEST_FRAME or hop_length < 1 or not 0 < win_length <= n_fft:
        raise ShapeError(
            f"{name}: n_fft {n_fft} must be 1 to {LONGEST_FRAME}, win_length {win_length} 1 to n_fft, and "
            f"hop_length {hop_length} at least 1"
        )
    if not 0 <= pad <= LONGEST_FRAME:
        raise ShapeError(f"{name}: pad {pad} must be 0 to {LONGEST_FRAME}")


class Spectrogram(AudioTransform):
    """A waveform [..., T] as the power of its frequencies in time, [..., n_fft // 2 + 1, frames].

    n_fft: length of each Fourier transform
    win_length: of the window, n_fft by default
    hop_length: samples from frame to frame, half of win_length by default
    pad: zeros put at both ends first
    power: 2 for power, 1 for magnitude, null for the complex transform
    normalized: divide by the window's norm (true, "window") or by the root of n_fft ("frame_length")
    center: frame t is centred at sample t hop_length
    pad_mode: what is put at the ends for that
    onesided: leave out the frequencies that the others imply
    """

    def __init__(
        self,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: Window = hann_window,
        power: float | None = 2.0,
        normalized: Normalized = False,
        wkwargs: dict[str, Any] | None = None,
        center: bool = True,
        pad_mode: PadMode = "reflect",
        onesided: bool = True,
    ) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.win_length = n_fft if win_length is None else win_length
        self.hop_length = self.win_length // 2 if hop_length is None else hop_length
        self.pad = pad
        self.power = power
        self.normalized = normalized
        self.center = center
        self.pad_mode = pad_mode
        self.onesided = onesided
        _check_frames("Spectrogram", n_fft, self.win_length, self.hop_length, pad)
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))

    def forward(self, waveform: Tensor) -> Tensor:
        return spectrogram(
            waveform,
            self.pad,
            self.window,
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.power,
            self.normalized,
            self.center,
            self.pad_mode,
            self.onesided,
        )


class InverseSpectrogram(AudioTransform):
    """The waveform [..., T] of a complex spectrogram [..., F, frames]; arguments as for Spectrogram.

    n_fft: length of each Fourier transform
    win_length: of the window, n_fft by default
    hop_length: samples from frame to frame, half of win_length by default
    pad: zeros that were put at both ends first
    normalized: as it was in Spectrogram
    """

    def __init__(
        self,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: Window = hann_window,
        normalized: Normalized = False,
        wkwargs: dict[str, Any] | None = None,
        center: bool = True,
        pad_mode: PadMode = "reflect",
        onesided: bool = True,
    ) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.win_length = n_fft if win_length is None else win_length
        self.hop_length = self.win_length // 2 if hop_length is None else hop_length
        self.pad = pad
        self.normalized = normalized
        self.center = center
        self.pad_mode = pad_mode
        self.onesided = onesided
        _check_frames("InverseSpectrogram", n_fft, self.win_length, self.hop_length, pad)
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))

    def forward(self, spectrogram: Tensor, length: int | None = None) -> Tensor:
        return inverse_spectrogram(
            spectrogram,
            length,
            self.pad,
            self.window,
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.normalized,
            self.center,
            self.pad_mode,
            self.onesided,
        )


class MelSpectrogram(AudioTransform):
    """A waveform [..., T] as energies on the mel scale, [..., n_mels, frames].

    sample_rate: of the waveform, in Hz
    n_fft: length of each Fourier transform
    win_length: of the window, n_fft by default
    hop_length: samples from frame to frame, half of win_length by default
    f_min, f_max: lowest and highest frequency in Hz; up to half of the sample rate by default
    pad: zeros put at both ends first
    n_mels: filters
    power: 2 for power, 1 for magnitude
    normalized: divide by the window's norm (true, "window") or by the root of n_fft ("frame_length")
    center: frame t is centred at sample t hop_length
    pad_mode: what is put at the ends for that
    norm: "slaney" gives every filter the same area
    mel_scale: which mel scale
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        f_min: float = 0.0,
        f_max: float | None = None,
        pad: int = 0,
        n_mels: int = 128,
        window_fn: Window = hann_window,
        power: float = 2.0,
        normalized: Normalized = False,
        wkwargs: dict[str, Any] | None = None,
        center: bool = True,
        pad_mode: PadMode = "reflect",
        onesided: bool | None = None,
        norm: Literal["slaney"] | None = None,
        mel_scale: Literal["htk", "slaney"] = "htk",
    ) -> None:
        super().__init__()
        if onesided is False:
            raise EngineError("MelSpectrogram: mel filters take the onesided spectrum; leave onesided out")
        self.sample_rate = sample_rate
        self.n_mels = n_mels
        self.spectrogram = Spectrogram(
            n_fft, win_length, hop_length, pad, window_fn, power, normalized, wkwargs, center, pad_mode
        )
        self.mel_scale = MelScale(n_mels, sample_rate, f_min, f_max, n_fft // 2 + 1, norm, mel_scale)

    def forward(self, waveform: Tensor) -> Tensor:
        mels: Tensor = self.mel_scale(self.spectrogram(waveform))
        return mels


class MFCC(AudioTransform):
    """A waveform [..., T] as mel-frequency cepstral coefficients, [..., n_mfcc, frames].

    sample_rate: of the waveform, in Hz
    n_mfcc: coefficients
    dct_type: only 2
    norm: "ortho" makes the cosine transform orthonormal
    log_mels: take logarithms of mel energies rather than decibels within 80 dB of the loudest
    melkwargs: arguments of MelSpectrogram
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_mfcc: int = 40,
        dct_type: Literal[2] = 2,
        norm: Literal["ortho"] | None = "ortho",
        log_mels: bool = False,
        melkwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if dct_type != 2:
            raise EngineError(f"MFCC: dct_type is 2, not {dct_type}")
        self.sample_rate = sample_rate
        self.n_mfcc = n_mfcc
        self.dct_type = dct_type
        self.norm = norm
        self.log_mels = log_mels
        self.top_db = 80.0
        self.amplitude_to_DB = AmplitudeToDB("power", self.top_db)
        self.MelSpectrogram = MelSpectrogram(sample_rate=sample_rate, **(melkwargs or {}))
        self.register_buffer("dct_mat", cosine_bank(n_mfcc, self.MelSpectrogram.n_mels, norm))

    def forward(self, waveform: Tensor) -> Tensor:
        mels: Tensor = self.MelSpectrogram(waveform)
        levels = (mels + 1e-6).log() if self.log_mels else self.amplitude_to_DB(mels)
        bank = self.dct_mat.to(levels.dtype)
        out: Tensor = levels.transpose(-1, -2).matmul(bank).transpose(-1, -2)
        return out


class ComputeDeltas(AudioTransform):
    """The slope in time of a spectrogram [..., F, T].

    win_length: frames that a line is fitted to
    """

    def __init__(self, win_length: int = 5, mode: Literal["replicate"] = "replicate") -> None:
        super().__init__()
        self.win_length = win_length
        self.mode = mode
        check_slope(win_length, mode)

    def forward(self, specgram: Tensor) -> Tensor:
        return compute_deltas(specgram, self.win_length, self.mode)


class TimeStretch(AudioTransform):
    """A complex spectrogram [..., n_freq, T] at another tempo, [..., n_freq, ceil(T / rate)], pitch kept.

    hop_length: samples from frame to frame, n_freq - 1 by default
    n_freq: frequencies
    fixed_rate: how many times as fast, where no rate is given in the call
    """

    def __init__(
        self, hop_length: int | None = None, n_freq: int = 201, fixed_rate: float | None = None
    ) -> None:
        super().__init__()
        self.fixed_rate = fixed_rate
        if not 1 <= n_freq <= LONGEST_FRAME:
            raise ShapeError(f"TimeStretch: n_freq {n_freq} must be 1 to {LONGEST_FRAME}")
        hop = n_freq - 1 if hop_length is None else hop_length
        self.register_buffer("phase_advance", linspace(0, math.pi * hop, n_freq).unsqueeze(-1))

    def forward(self, complex_specgrams: Tensor, overriding_rate: float | None = None) -> Tensor:
        rate = self.fixed_rate if overriding_rate is None else overriding_rate
        if rate is None:
            raise EngineError("TimeStretch: give fixed_rate, or a rate in the call")
        return phase_vocoder(complex_specgrams, rate, self.phase_advance)
