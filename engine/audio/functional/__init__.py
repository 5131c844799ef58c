"""Functions of waveforms and spectrograms, with torchaudio's names."""

from engine.audio.functional.filterbanks import create_dct, linear_fbanks, melscale_fbanks
from engine.audio.functional.levels import (
    DB_to_amplitude,
    amplitude_to_DB,
    deemphasis,
    mu_law_decoding,
    mu_law_encoding,
    preemphasis,
)
from engine.audio.functional.masking import mask_along_axis, mask_along_axis_iid
from engine.audio.functional.resampling import resample

__all__ = [
    "DB_to_amplitude",
    "amplitude_to_DB",
    "create_dct",
    "deemphasis",
    "linear_fbanks",
    "mask_along_axis",
    "mask_along_axis_iid",
    "melscale_fbanks",
    "mu_law_decoding",
    "mu_law_encoding",
    "preemphasis",
    "resample",
]
