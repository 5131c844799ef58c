"""Layers that make images, signals and volumes larger or smaller."""

from typing import Literal

from engine.nn import functional
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]

Mode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]


class Upsample(Module):
    """The spatial axes of [N, C, L], [N, C, H, W] or [N, C, D, H, W] resampled.

    size: the new size, one number or one for each axis; or else scale_factor
    scale_factor: new size by old, one number or one for each axis
    mode: "linear" is for L, "bilinear" and "bicubic" for H and W, "trilinear" for D, H and W, others for all
    align_corners: whether the first and last elements keep their places; linear and cubic modes only
    recompute_scale_factor: whether the distance of the places follows from the sizes after rounding
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: Mode = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.scale_factor = (
            tuple(float(factor) for factor in scale_factor)
            if isinstance(scale_factor, tuple | list)
            else float(scale_factor)
            if scale_factor
            else None
        )
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return functional.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        what = "size" if self.scale_factor is None else "scale_factor"
        return f"{what}={getattr(self, what)!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Upsample of images [N, C, H, W] with mode "nearest".

    size: the new height and width, or one number for both; or else scale_factor
    scale_factor: new size by old
    """

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample of images [N, C, H, W] with mode "bilinear" and align_corners.

    size: the new height and width, or one number for both; or else scale_factor
    scale_factor: new size by old
    """

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        scale_factor: float | tuple[float, float] | None = None,
    ) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
