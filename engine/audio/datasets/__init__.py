"""Datasets of sound."""

from engine.audio.datasets.fsdd import FSDD

__all__ = ["FSDD"]
