"""Transforms of images."""

from engine.vision.transforms.compose import Compose
from engine.vision.transforms.tensors import Normalize, ToTensor

__all__ = ["Compose", "Normalize", "ToTensor"]
