"""Making images, signals and volumes larger or smaller."""

import math
from collections.abc import Sequence
from operator import index

from engine.autograd.tape import unary
from engine.errors import DTypeError, ShapeError
from engine.nn.functional.adaptive_pools import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)
from engine.nn.functional.spatial import counted
from engine.ops.sampling import RESAMPLE
from engine.tensor import Tensor

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

# mode: (the rule of the op, the numbers of spatial axes that it takes)
MODES = {
    "nearest": ("nearest", (1, 2, 3)),
    "nearest-exact": ("exact", (1, 2, 3)),
    "linear": ("linear", (1,)),
    "bilinear": ("linear", (2,)),
    "trilinear": ("linear", (3,)),
    "bicubic": ("cubic", (2,)),
    "area": ("parts", (1, 2, 3)),
}
SMOOTH = {"bilinear": "smooth", "bicubic": "smooth_cubic"}
POOLS = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """input [N, C, L], [N, C, H, W] or [N, C, D, H, W] with its spatial axes resampled.

    size, scale_factor: the new size, or a factor, one number or one for each axis; one of the two
    mode: "nearest", "nearest-exact" and "area" for all; "linear" for L; "bilinear" and "bicubic" for H, W;
        "trilinear" for D, H, W
    align_corners: whether the first and last elements keep their places, elements being points; else
        elements are cells, and the edges of the outer ones keep theirs. Linear and cubic modes only
    recompute_scale_factor: whether the distance of the places follows from the sizes, which rounding may
        have changed, rather than from scale_factor
    antialias: whether to average over what is left out when shrinking ("bilinear" and "bicubic")
    Raises ShapeError where mode, axes and arguments don't go together.
    """
    axes = input.ndim - 2
    if mode not in MODES:
        raise ShapeError(f"interpolate: mode must be one of {', '.join(MODES)}, not {mode!r}")
    kind, takes = MODES[mode]
    if axes not in takes:
        raise ShapeError(
            f"interpolate: input {list(input.shape)} has {counted(axes)} after [N, C]; mode {mode!r} takes "
            f"{' or '.join(map(str, takes))}"
        )
    if align_corners is not None and kind not in ("linear", "cubic"):
        raise ShapeError(f"interpolate: align_corners goes with linear and cubic modes, not with {mode!r}")
    if antialias and mode not in SMOOTH:
        raise ShapeError(f"interpolate: antialias goes with {' and '.join(SMOOTH)}, not with {mode!r}")
    if kind not in ("nearest", "exact") and not input.is_floating_point():
        raise DTypeError(f"interpolate: mode {mode!r} needs a floating-point tensor, not {input.dtype}")
    wanted, scales = _sizes(input, axes, size, scale_factor, bool(recompute_scale_factor))
    if kind == "parts":
        return POOLS[axes](input, wanted)
    kind = SMOOTH[mode] if antialias else kind
    out = input
    for k in reversed(range(axes)):
        rule = (kind, bool(align_corners), scales[k])
        out = unary(RESAMPLE, out, (2 + k, wanted[k], rule))
    return out


def _sizes(
    input: Tensor,
    axes: int,
    size: int | Sequence[int] | None,
    scale_factor: float | Sequence[float] | None,
    recompute: bool,
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The new spatial axes, and the factors that set the distance of the places (None: the sizes do)."""
    have = input.shape[2:]
    if (size is None) == (scale_factor is None):
        raise ShapeError("interpolate: give size or scale_factor, one of the two")
    given: Sequence[float]
    if size is not None:
        if recompute:
            raise ShapeError("interpolate: recompute_scale_factor goes with scale_factor, not with size")
        given = [index(n) for n in (size if isinstance(size, Sequence) else [size] * axes)]
        wanted = tuple(int(n) for n in given)
        scales: tuple[float | None, ...] = (None,) * axes
    else:
        factors = scale_factor if isinstance(scale_factor, Sequence) else [scale_factor or 0.0] * axes
        given = [float(factor) for factor in factors]
        wanted = tuple(math.floor(n * factor) for n, factor in zip(have, given, strict=False))
        scales = (None,) * axes if recompute else tuple(given)
    if len(given) != axes:
        what = "size" if size is not None else "scale_factor"
        raise ShapeError(
            f"interpolate: {what} {list(given)} must be one number, or {axes}, one for each axis of input "
            f"{list(input.shape)} after [N, C]"
        )
    if min(wanted) < 1 or min(have) < 1:
        raise ShapeError(
            f"interpolate: input {list(input.shape)} would have the spatial axes {list(wanted)}; all axes "
            "must have at least one element"
        )
    return wanted, scales


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """interpolate under its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """interpolate with mode "nearest", under its old name."""
    return interpolate(input, size, scale_factor)


def upsample_bilinear(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """interpolate with mode "bilinear" and align_corners, under its old name."""
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)
