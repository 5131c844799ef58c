"""Datasets of text."""

from engine.text.datasets.corpora import Names, SMSSpam, TinyShakespeare

__all__ = ["Names", "SMSSpam", "TinyShakespeare"]
