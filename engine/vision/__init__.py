"""Images: datasets and transforms, with torchvision's names."""

from engine.vision import datasets, transforms

__all__ = ["datasets", "transforms"]
