"""Datasets of images."""

from engine.vision.datasets.digits import Digits
from engine.vision.datasets.images import ImageDataset
from engine.vision.datasets.mnist import MNIST

__all__ = ["MNIST", "Digits", "ImageDataset"]
