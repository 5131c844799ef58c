"""From linear frequencies to mel frequencies, decibels and cepstra."""

import math
from typing import Literal

from engine.audio.functional import amplitude_to_DB, create_dct, melscale_fbanks
from engine.audio.transforms.module import AudioTransform
from engine.errors import EngineError, ShapeError
from engine.tensor import Tensor

__all__ = ["AmplitudeToDB", "MelScale"]


class MelScale(AudioTransform):
    """A spectrogram's linear frequencies [..., F, T] as [..., n_mels, T] on the mel scale.

    n_mels: filters
    sample_rate: of the waveform, in Hz
    f_min: lowest frequency in Hz
    f_max: highest frequency in Hz, by default half of the sample rate
    n_stft: frequencies F of the spectrogram, n_fft // 2 + 1
    norm: "slaney" gives every filter the same area
    mel_scale: which mel scale
    """

    def __init__(
        self,
        n_mels: int = 128,
        sample_rate: int = 16000,
        f_min: float = 0.0,
        f_max: float | None = None,
        n_stft: int = 201,
        norm: Literal["slaney"] | None = None,
        mel_scale: Literal["htk", "slaney"] = "htk",
    ) -> None:
        super().__init__()
        self.n_mels = n_mels
        self.sample_rate = sample_rate
        self.f_min = f_min
        self.f_max = float(sample_rate // 2) if f_max is None else f_max
        self.norm = norm
        self.mel_scale = mel_scale
        bank = melscale_fbanks(n_stft, f_min, self.f_max, n_mels, sample_rate, norm, mel_scale)
        self.register_buffer("fb", bank)

    def forward(self, specgram: Tensor) -> Tensor:
        if specgram.ndim < 2 or specgram.shape[-2] != self.fb.shape[0]:
            raise ShapeError(
                f"MelScale was made for {self.fb.shape[0]} frequencies (n_stft), and the spectrogram's last "
                f"axes (F, T) are {specgram.shape[-2:]}; n_stft is n_fft // 2 + 1"
            )
        bank = self.fb.to(specgram.dtype)
        return specgram.transpose(-1, -2).matmul(bank).transpose(-1, -2)


class AmplitudeToDB(AudioTransform):
    """Amplitudes or powers [..., C, F, T] in decibels.

    stype: which of the two is given; "magnitude" is an amplitude
    top_db: nothing is quieter than the loudest value of its spectrogram [C, F, T] by more than this
    """

    def __init__(self, stype: Literal["power", "magnitude"] = "power", top_db: float | None = None) -> None:
        super().__init__()
        if stype not in ("power", "magnitude"):
            raise EngineError(f'AmplitudeToDB: stype is "power" or "magnitude", not {stype!r}')
        if top_db is not None and top_db < 0:
            raise EngineError(f"AmplitudeToDB: top_db must not be negative, and is {top_db}")
        self.stype = stype
        self.top_db = top_db
        self.multiplier = 10.0 if stype == "power" else 20.0
        self.amin = 1e-10
        self.ref_value = 1.0
        self.db_multiplier = math.log10(max(self.amin, self.ref_value))

    def forward(self, x: Tensor) -> Tensor:
        return amplitude_to_DB(x, self.multiplier, self.amin, self.db_multiplier, self.top_db)


def cosine_bank(n_mfcc: int, n_mels: int, norm: Literal["ortho"] | None) -> Tensor:
    """The matrix of MFCC, [n_mels, n_mfcc]; raises where more cepstra than filters are asked for."""
    if n_mfcc > n_mels:
        raise ShapeError(f"MFCC: {n_mfcc} coefficients can't be had from {n_mels} mel filters")
    return create_dct(n_mfcc, n_mels, norm)
