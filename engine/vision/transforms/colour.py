"""Transforms of colour."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.transform import Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.vision.transforms.flips import check_p
from engine.vision.transforms.images import ImageTransform, RandomImageTransform, between, only, spread
from engine.vision.transforms.shades import brighter, contrasted, grey, hue_shifted, saturated

__all__ = ["ColorJitter", "Grayscale", "RandomGrayscale"]

Array = npt.NDArray[Any]
Share = float | tuple[float, float]


def _grey_as(images: Tensor, channels: int) -> Tensor:
    out = grey(images)
    return out if channels == 1 else out.expand(-1, channels, -1, -1).contiguous()


class Grayscale(ImageTransform):
    """Luminance in place of colour.

    num_output_channels: 1, or 3 equal ones
    """

    def __init__(self, num_output_channels: int = 1) -> None:
        if num_output_channels not in (1, 3):
            raise ShapeError(f"Grayscale: num_output_channels is 1 or 3, not {num_output_channels}")
        self.num_output_channels = num_output_channels

    def changed(self, images: Tensor) -> Tensor:
        return _grey_as(images, self.num_output_channels)


class RandomGrayscale(RandomImageTransform):
    """Each image in grey with probability p, with as many channels as before. When measuring, as it is.

    p: probability
    """

    def __init__(self, p: float = 0.1) -> None:
        check_p(p, "RandomGrayscale")
        self.p = p

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        return only(images, u[:, 0] < self.p, lambda x: _grey_as(x, x.shape[1]))


class ColorJitter(RandomImageTransform):
    """Brightness, contrast, saturation and hue of each image changed at random, in random order.

    When measuring, images stay as they are.

    brightness: the factor's range, or one number b for 1 - b to 1 + b, not below 0
    contrast: likewise
    saturation: likewise
    hue: a turn of the colour circle within -0.5 to 0.5, or one number h for -h to h
    """

    draws = 8

    def __init__(
        self,
        brightness: float | tuple[float, float] | None = None,
        contrast: float | tuple[float, float] | None = None,
        saturation: float | tuple[float, float] | None = None,
        hue: float | tuple[float, float] | None = None,
    ) -> None:
        self.brightness = _factors(brightness, "brightness")
        self.contrast = _factors(contrast, "contrast")
        self.saturation = _factors(saturation, "saturation")
        self.hue = _turns(hue)

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        order = np.argsort(u[:, :4], axis=1)
        kinds = (
            (brighter, self.brightness, u[:, 4]),
            (contrasted, self.contrast, u[:, 5]),
            (saturated, self.saturation, u[:, 6]),
            (hue_shifted, self.hue, u[:, 7]),
        )
        for turn in range(4):
            for which, (change, limits, share) in enumerate(kinds):
                if limits is not None:
                    chosen = order[:, turn] == which
                    factor = spread(share[chosen], *limits)
                    images = only(images, chosen, lambda x, change=change, by=factor: change(x, by))  # type: ignore[misc]  # mypy can't infer a lambda with defaults
        return images


def _factors(value: Any, name: str) -> tuple[float, float] | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        if value < 0:
            raise ShapeError(f"ColorJitter: {name} must not be negative, and is {value}")
        value = (max(1.0 - value, 0.0), 1.0 + value)
    limits = between(value, f"ColorJitter: {name}", 0, math.inf)
    return None if limits == (1.0, 1.0) else limits


def _turns(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    limits = between(
        (-value, value) if isinstance(value, int | float) else value, "ColorJitter: hue", -0.5, 0.5
    )
    return None if limits == (0.0, 0.0) else limits
