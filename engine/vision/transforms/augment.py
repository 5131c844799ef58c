"""RandAugment (Cubuk et al., 2019), with torchvision's operations and magnitudes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.transform import Uniforms
from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.vision.transforms import shades
from engine.vision.transforms.affine import Drawing, inverse_matrices
from engine.vision.transforms.images import RandomImageTransform, only, places
from engine.vision.transforms.placing import warped
from engine.vision.transforms.resampling import check_interpolation

__all__ = ["RandAugment"]

Array = npt.NDArray[Any]
Change = Callable[[Tensor, Array], Tensor]


class RandAugment(RandomImageTransform):
    """Each image changed by num_ops operations, drawn anew from fourteen: geometry, colour, histogram.

    When measuring, images stay as they are. Images are uint8, or floating-point in [0, 1].

    num_ops: operations one after the other
    magnitude: how strong they are, from 0 to num_magnitude_bins - 1
    num_magnitude_bins: how finely strengths are divided
    interpolation: how pixels between pixels are found
    fill: value of what comes in from outside, or one a channel
    """

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Drawing = "nearest",
        fill: float | tuple[float, ...] = 0.0,
    ) -> None:
        check_interpolation(interpolation, "RandAugment", ("nearest", "bilinear"))
        if not 0 <= num_ops <= 100:
            raise ShapeError(f"RandAugment: num_ops must be 0 to 100, not {num_ops}")
        if num_magnitude_bins < 2 or not 0 <= magnitude < num_magnitude_bins:
            raise ShapeError(
                f"RandAugment: magnitude {magnitude} must be 0 to num_magnitude_bins - 1 = "
                f"{num_magnitude_bins - 1}, with at least two bins"
            )
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill
        self.draws = 2 * num_ops

    def changed(self, images: Tensor, u: Uniforms) -> Tensor:
        for turn in range(self.num_ops):
            operations = self._operations(images.shape[-1], images.shape[-2])
            which = places(u[:, 2 * turn], len(operations))
            sign = np.where(u[:, 2 * turn + 1] < 0.5, -1.0, 1.0)
            for number, change in enumerate(operations):
                chosen = which == number
                images = only(images, chosen, lambda x, change=change, by=sign[chosen]: change(x, by))  # type: ignore[misc]  # mypy can't infer a lambda with defaults
        return images

    def _operations(self, width: int, height: int) -> list[Change]:
        """Functions of images and of signs, [N]."""
        level = self.magnitude / (self.num_magnitude_bins - 1)
        bits = float(8 - round(4 * level))
        return [
            lambda x, sign: x,
            # torchvision shears about the upper left corner, by an angle whose tangent is the magnitude
            lambda x, sign: self._warped(x, shear_x=np.rad2deg(np.arctan(0.3 * level * sign))),
            lambda x, sign: self._warped(x, shear_y=np.rad2deg(np.arctan(0.3 * level * sign))),
            lambda x, sign: self._warped(x, shift_x=np.trunc(150.0 / 331.0 * width * level * sign)),
            lambda x, sign: self._warped(x, shift_y=np.trunc(150.0 / 331.0 * height * level * sign)),
            lambda x, sign: self._warped(x, angle=-30.0 * level * sign),
            lambda x, sign: shades.brighter(x, 1.0 + 0.9 * level * sign),
            lambda x, sign: shades.saturated(x, 1.0 + 0.9 * level * sign),
            lambda x, sign: shades.contrasted(x, 1.0 + 0.9 * level * sign),
            lambda x, sign: shades.sharpened(x, 1.0 + 0.9 * level * sign),
            lambda x, sign: shades.posterized(x, np.full(len(sign), bits)),
            lambda x, sign: shades.solarized(x, np.full(len(sign), 1.0 - level)),
            lambda x, sign: shades.autocontrasted(x),
            lambda x, sign: shades.equalized(x),
        ]

    def _warped(self, images: Tensor, **given: Array) -> Tensor:
        """Images turned, shifted or sheared; what isn't given stays."""
        height, width = images.shape[-2:]
        nothing = np.zeros(len(images))
        angle, *pairs = (
            given.get(name, nothing) for name in ("angle", "shift_x", "shift_y", "shear_x", "shear_y")
        )
        shift, shear = np.stack(pairs[:2], -1), np.stack(pairs[2:], -1)
        is_sheared = "shear_x" in given or "shear_y" in given
        centre = (-width / 2, -height / 2) if is_sheared else (0.0, 0.0)
        matrices = inverse_matrices(angle, shift, np.ones(len(images)), shear, centre)
        return warped(images, matrices, self.interpolation, self.fill)
