"""Transforms of images, with the names of torchvision's second version.

Unlike there, a random transform of a batch treats every image in a way of its own.
"""

from engine.vision.transforms.affine import RandomAffine, RandomRotation
from engine.vision.transforms.augment import RandAugment
from engine.vision.transforms.blur import GaussianBlur
from engine.vision.transforms.colour import ColorJitter, Grayscale, RandomGrayscale
from engine.vision.transforms.compose import Compose, Lambda, RandomApply, RandomChoice
from engine.vision.transforms.crops import RandomCrop, RandomResizedCrop
from engine.vision.transforms.dtypes import ConvertImageDtype, ToDtype
from engine.vision.transforms.erasing import RandomErasing
from engine.vision.transforms.flips import RandomHorizontalFlip, RandomVerticalFlip
from engine.vision.transforms.mixing import CutMix, MixUp
from engine.vision.transforms.sizes import CenterCrop, Pad, Resize
from engine.vision.transforms.tensors import Normalize, ToTensor

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "CutMix",
    "GaussianBlur",
    "Grayscale",
    "Lambda",
    "MixUp",
    "Normalize",
    "Pad",
    "RandAugment",
    "RandomAffine",
    "RandomApply",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "ToDtype",
    "ToTensor",
]
