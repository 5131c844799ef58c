"""Datasets of images."""

from engine.vision.datasets.digits import Digits
from engine.vision.datasets.folder import ImageFolder, read_image
from engine.vision.datasets.images import ImageDataset
from engine.vision.datasets.mnist import MNIST, FashionMNIST

__all__ = ["MNIST", "Digits", "FashionMNIST", "ImageDataset", "ImageFolder", "read_image"]
