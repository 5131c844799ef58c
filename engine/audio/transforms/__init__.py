"""Transforms of sound, with torchaudio's names."""

from engine.audio.transforms.filterbanks import AmplitudeToDB, MelScale
from engine.audio.transforms.masking import FrequencyMasking, SpecAugment, TimeMasking
from engine.audio.transforms.resampling import Resample
from engine.audio.transforms.spectra import (
    MFCC,
    ComputeDeltas,
    InverseSpectrogram,
    MelSpectrogram,
    Spectrogram,
    TimeStretch,
)

__all__ = [
    "MFCC",
    "AmplitudeToDB",
    "ComputeDeltas",
    "FrequencyMasking",
    "InverseSpectrogram",
    "MelScale",
    "MelSpectrogram",
    "Resample",
    "SpecAugment",
    "Spectrogram",
    "TimeMasking",
    "TimeStretch",
]
