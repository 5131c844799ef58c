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
from engine.audio.functional.spectra import compute_deltas, inverse_spectrogram, phase_vocoder, spectrogram

__all__ = [
    "DB_to_amplitude",
    "amplitude_to_DB",
    "compute_deltas",
    "create_dct",
    "deemphasis",
    "inverse_spectrogram",
    "linear_fbanks",
    "mask_along_axis",
    "mask_along_axis_iid",
    "melscale_fbanks",
    "mu_law_decoding",
    "mu_law_encoding",
    "phase_vocoder",
    "preemphasis",
    "resample",
    "spectrogram",
]
