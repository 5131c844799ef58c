"""Transforms of sound, with torchaudio's names."""

from engine.audio.transforms.filterbanks import AmplitudeToDB, MelScale
from engine.audio.transforms.masking import FrequencyMasking, SpecAugment, TimeMasking
from engine.audio.transforms.resampling import Resample

__all__ = [
    "AmplitudeToDB",
    "FrequencyMasking",
    "MelScale",
    "Resample",
    "SpecAugment",
    "TimeMasking",
]
