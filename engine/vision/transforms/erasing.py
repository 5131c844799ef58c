"""Images with a rectangle erased (Zhong et al., Random erasing data augmentation, 2017)."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from engine.data.transform import Uniforms
from engine.errors import EngineError
from engine.tensor import Generator, Tensor
from engine.tensor.arithmetic import where
from engine.tensor.creation import from_numpy
from engine.tensor.random import randn
from engine.tensor.shapes import stack
from engine.vision.transforms.flips import check_p
from engine.vision.transforms.images import RandomImageTransform, between, colours, places, spread

__all__ = ["RandomErasing"]

TRIES = 10


class RandomErasing(RandomImageTransform):
    """A random rectangle of each image erased with probability p. When measuring, images stay as they are.

    p: probability
    scale: the rectangle's share of the image's area, from and to
    ratio: the rectangle's height over its width, from and to
    value: what is put there, one number or one a channel, or "random" for normal noise
    """

    draws = 2 * TRIES + 4

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float | tuple[float, ...] | Literal["random"] = 0.0,
        inplace: Literal[False] = False,
    ) -> None:
        check_p(p, "RandomErasing")
        if inplace:
            raise EngineError("RandomErasing: images are never changed in place; leave inplace at False")
        if isinstance(value, str) and value != "random":
            raise EngineError(f'RandomErasing: value is a number, one a channel or "random", not {value!r}')
        self.p = p
        self.scale = between(scale, "RandomErasing: scale", 0, 1)
        self.ratio = between(ratio, "RandomErasing: ratio", 0, math.inf, strictly=True)
        self.value = value

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        height, width = images.shape[-2:]
        area = height * width * spread(u[:, :TRIES], *self.scale)
        ratio = np.exp(spread(u[:, TRIES : 2 * TRIES], math.log(self.ratio[0]), math.log(self.ratio[1])))
        high, wide = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
        fits = (high < height) & (wide < width)
        first = fits.argmax(axis=1)[:, None]
        erased = (u[:, -1] < self.p) & fits.any(axis=1)
        h = np.where(erased, np.take_along_axis(high, first, 1)[:, 0], 0)
        w = np.where(erased, np.take_along_axis(wide, first, 1)[:, 0], 0)
        top, left = places(u[:, -3], height - h + 1), places(u[:, -2], width - w + 1)
        mask = inside(top, top + h, height)[:, :, None] & inside(left, left + w, width)[:, None, :]
        return where(from_numpy(mask[:, None]), self._filling(images, u[:, -4]), images)

    def _filling(self, images: Tensor, u: Any) -> Tensor:
        if not isinstance(self.value, str):
            fill: float | Sequence[float] = self.value
            return colours(fill, images).to(images.dtype)
        noise = [
            randn(*images.shape[1:], generator=Generator(seed=int(seed)))
            for seed in np.floor(np.asarray(u) * 2.0**53)
        ]
        return stack(noise).to(images.dtype) if noise else images


def inside(start: Any, stop: Any, size: int) -> Any:
    """[N, size]: true from start to before stop, each [N]."""
    place = np.arange(size)
    return (place >= start[:, None]) & (place < stop[:, None])
