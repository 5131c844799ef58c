"""Signals: windows, and the short-time Fourier transform."""

from engine.signal import windows
from engine.signal.spectrogram import istft, stft

__all__ = ["istft", "stft", "windows"]
