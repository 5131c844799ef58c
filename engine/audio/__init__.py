"""Sound: reading it, spectrograms, augmentation and datasets, with torchaudio's names."""

from engine.audio import datasets, functional, transforms
from engine.audio.wav import load, save

__all__ = ["datasets", "functional", "load", "save", "transforms"]
