"""Random rotation, translation, scale and shear."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.data.transform import Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.vision.transforms.images import RandomImageTransform, between, spread
from engine.vision.transforms.placing import warped
from engine.vision.transforms.resampling import check_interpolation

__all__ = ["RandomAffine", "RandomRotation"]

Array = npt.NDArray[Any]
Drawing = Literal["nearest", "bilinear"]


def inverse_matrices(
    angle: Array, shift: Array, scale: Array, shear: Array, centre: tuple[float, float] = (0.0, 0.0)
) -> Array:
    """[N, 2, 3]: from places of the result to places of the image.

    angle: [N] in degrees, clockwise; shift: [N, 2] (x, y) in pixels; scale: [N]; shear: [N, 2] in degrees
    centre: (x, y) of rotation and shear, in pixels from the image's own

    The image's place p goes to C + t + R(angle) S(shear) scale (p - C), with S shearing x, then y.
    """
    turn, sx, sy = np.deg2rad(angle), np.deg2rad(shear[:, 0]), np.deg2rad(shear[:, 1])
    a = np.cos(turn - sy) / np.cos(sy)
    b = -np.cos(turn - sy) * np.tan(sx) / np.cos(sy) - np.sin(turn)
    c = np.sin(turn - sy) / np.cos(sy)
    d = -np.sin(turn - sy) * np.tan(sx) / np.cos(sy) + np.cos(turn)
    # the inverse of [[a, b], [c, d]] scale; its determinant is scale²
    linear = np.stack([np.stack([d, -b], -1), np.stack([-c, a], -1)], 1) / scale[:, None, None]
    middle = np.asarray(centre)
    offset = middle - np.einsum("nij,nj->ni", linear, middle + shift)
    return np.concatenate([linear, offset[:, :, None]], axis=2)


def _degrees(value: Any, name: str) -> tuple[float, float]:
    if isinstance(value, int | float):
        if value < 0:
            raise ShapeError(f"{name}: one number of degrees must not be negative, and is {value}")
        return -float(value), float(value)
    return between(value, f"{name}: degrees", -math.inf, math.inf)


def _from_corner(center: Sequence[float] | None, height: int, width: int) -> tuple[float, float]:
    """A place (x, y) counted from the upper left corner, counted from the middle."""
    return (0.0, 0.0) if center is None else (center[0] - width * 0.5, center[1] - height * 0.5)


class RandomRotation(RandomImageTransform):
    """Each image turned by a random angle about its centre. When measuring, as it is.

    degrees: counter-clockwise from and to, or one number for minus and plus it
    interpolation: how pixels between pixels are found
    expand: only False: images of a batch keep one size
    center: (x, y) to turn about, in pixels from the upper left corner; the middle by default
    fill: value of what comes in from outside, or one a channel
    """

    def __init__(
        self,
        degrees: float | tuple[float, float],
        interpolation: Drawing = "nearest",
        expand: bool = False,
        center: tuple[float, float] | None = None,
        fill: float | tuple[float, ...] = 0.0,
    ) -> None:
        check_interpolation(interpolation, "RandomRotation", ("nearest", "bilinear"))
        if expand:
            raise ShapeError("RandomRotation: expand would give every image a size of its own; pad before it")
        self.degrees = _degrees(degrees, "RandomRotation")
        self.interpolation = interpolation
        self.expand = expand
        self.center = center
        self.fill = fill

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        nothing = np.zeros((len(u), 2))
        centre = _from_corner(self.center, *images.shape[-2:])
        angle = -spread(u[:, 0], *self.degrees)
        matrices = inverse_matrices(angle, nothing, np.ones(len(u)), nothing, centre)
        return warped(images, matrices, self.interpolation, self.fill)


class RandomAffine(RandomImageTransform):
    """Each image turned, shifted, scaled and sheared at random. When measuring, as it is.

    degrees: of the turn, clockwise, from and to, or one number for minus and plus it
    translate: largest shift as a share of (width, height)
    scale: factor, from and to
    shear: degrees along x, from and to, or also along y; one number is for minus and plus it
    interpolation: how pixels between pixels are found
    fill: value of what comes in from outside, or one a channel
    center: (x, y) to turn about, in pixels from the upper left corner; the middle by default
    """

    draws = 6

    def __init__(
        self,
        degrees: float | tuple[float, float],
        translate: tuple[float, float] | None = None,
        scale: tuple[float, float] | None = None,
        shear: float | tuple[float, ...] | None = None,
        interpolation: Drawing = "nearest",
        fill: float | tuple[float, ...] = 0.0,
        center: tuple[float, float] | None = None,
    ) -> None:
        check_interpolation(interpolation, "RandomAffine", ("nearest", "bilinear"))
        self.degrees = _degrees(degrees, "RandomAffine")
        self.translate = translate
        self.scale = (
            None if scale is None else between(scale, "RandomAffine: scale", 0, math.inf, strictly=True)
        )
        self.shear = shear
        self.interpolation = interpolation
        self.fill = fill
        self.center = center
        if translate is not None and not all(0 <= share <= 1 for share in translate):
            raise ShapeError(f"RandomAffine: translate is a share of width and height, not {translate!r}")
        self._shear = _shears(shear)

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        height, width = images.shape[-2:]
        count = len(u)
        most = np.array(self.translate or (0.0, 0.0)) * (width, height)
        shift = np.rint(spread(u[:, 1:3], -most, most))
        scale = spread(u[:, 3], *self.scale) if self.scale else np.ones(count)
        shear = np.stack([spread(u[:, 4 + k], *self._shear[k]) for k in (0, 1)], -1)
        angle = spread(u[:, 0], *self.degrees)
        matrices = inverse_matrices(angle, shift, scale, shear, _from_corner(self.center, height, width))
        return warped(images, matrices, self.interpolation, self.fill)


def _shears(shear: float | Sequence[float] | None) -> list[tuple[float, float]]:
    """Ranges along x and along y."""
    still = (0.0, 0.0)
    if shear is None:
        return [still, still]
    if isinstance(shear, int | float):
        return [_degrees(shear, "RandomAffine: shear"), still]
    if len(shear) not in (2, 4):
        raise ShapeError(f"RandomAffine: shear is one number, (from, to) or two such ranges, not {shear!r}")
    ranges = [_degrees(shear[k : k + 2], "RandomAffine: shear") for k in range(0, len(shear), 2)]
    return [*ranges, still][:2]
