"""Sampling images and volumes at given places (Jaderberg et al. 2015)."""

import itertools
from collections.abc import Sequence
from typing import Any

from engine.errors import DTypeError, ShapeError
from engine.nn.functional.spatial import floating
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.casting import in_single
from engine.tensor.creation import linspace, ones_like, zeros_like
from engine.tensor.shapes import stack

__all__ = ["affine_grid", "grid_sample"]

# an element's index along an axis, its weight (None: 1), and whether it is inside
Tap = tuple[Tensor, Tensor | None, Tensor]
MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")


@in_single
@in_single
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of images [N, C, H, W] (volumes [N, C, D, H, W]) at the places of a grid.

    grid: [N, H', W', 2] of places (x, y), or [N, D', H', W', 3] of (x, y, z), the input reaching from -1 to 1
    mode: "bilinear" (of volumes trilinear), "nearest", or of images "bicubic"
    padding_mode: what lies outside: "zeros", the "border"'s elements, or the "reflection" of the inside
    align_corners: whether -1 and 1 are the centres of the outer elements, rather than their outer edges
    Returns [N, C, H', W'] or [N, C, D', H', W'].
    """
    axes = input.ndim - 2
    if mode not in MODES or padding_mode not in PADDINGS:
        raise ShapeError(
            f"grid_sample: mode must be one of {', '.join(MODES)} and padding_mode one of "
            f"{', '.join(PADDINGS)}, not {mode!r} and {padding_mode!r}"
        )
    if axes not in (2, 3) or grid.ndim != axes + 2 or grid.shape[-1] != axes:
        raise ShapeError(
            f"grid_sample: input {list(input.shape)} and grid {list(grid.shape)} don't fit: [N, C, H, W] "
            "goes with [N, H', W', 2], and [N, C, D, H, W] with [N, D', H', W', 3]"
        )
    if grid.shape[0] != input.shape[0] or min(input.shape[2:]) < 1:
        raise ShapeError(
            f"grid_sample: input {list(input.shape)} and grid {list(grid.shape)} must have the same batch "
            "axis, and the input no empty axes"
        )
    floating("grid_sample", input)
    if grid.dtype is not input.dtype:
        raise DTypeError(f"grid_sample: the input is {input.dtype} and the grid {grid.dtype}")
    if mode == "bicubic" and axes == 3:
        raise ShapeError("grid_sample: mode 'bicubic' takes images [N, C, H, W], not volumes")
    aligned = bool(align_corners)
    # by axis, first to last: where in elements the places lie, [N, P]
    places = [
        _in_elements(grid.select(-1, axes - 1 - k).flatten(1), size, aligned)
        for k, size in enumerate(input.shape[2:])
    ]
    choices = [
        _taps(place, size, mode, padding_mode, aligned)
        for place, size in zip(places, input.shape[2:], strict=True)
    ]
    flat = input.flatten(2)
    total: Tensor | None = None
    for corner in itertools.product(*choices):
        index, weight, inside = corner[0]
        for size, (at, factor, within) in zip(input.shape[3:], corner[1:], strict=True):
            index = index * size + at
            weight = factor if weight is None or factor is None else weight * factor
            inside = inside & within
        shape = (*flat.shape[:2], index.shape[1])
        value = where(inside.unsqueeze(1), flat.gather(2, index.unsqueeze(1).expand(shape)), 0.0)
        if weight is not None:
            value = value * weight.unsqueeze(1)
        total = value if total is None else total + value
    out: Any = total
    return out.reshape(*input.shape[:2], *grid.shape[1:-1])  # type: ignore[no-any-return]  # it is a Tensor


def _in_elements(place: Tensor, size: int, aligned: bool) -> Tensor:
    """Places in [-1, 1] as places in elements, the first being at 0."""
    return (place + 1) / 2 * (size - 1) if aligned else ((place + 1) * size - 1) / 2


def _taps(place: Tensor, size: int, mode: str, padding_mode: str, aligned: bool) -> list[Tap]:
    if mode == "bicubic":
        low = place.floor().detach()
        return [
            _tap(_within(low + k, size, padding_mode, aligned), _keys(place - low - k), size)
            for k in (-1, 0, 1, 2)
        ]
    place = _within(place, size, padding_mode, aligned)
    if mode == "nearest":
        return [_tap(place.round(), None, size)]
    low = place.floor().detach()
    part = place - low
    return [_tap(low, 1 - part, size), _tap(low + 1, part, size)]


def _tap(place: Tensor, weight: Tensor | None, size: int) -> Tap:
    inside = (place >= 0) & (place <= size - 1)
    return where(inside, place, 0.0).detach().long(), weight, inside


def _within(place: Tensor, size: int, padding_mode: str, aligned: bool) -> Tensor:
    """Places moved inside, as the padding mode has it; its gradient is 0 at the border and beyond."""
    if padding_mode == "zeros":
        return place
    if padding_mode == "reflection":
        start, span = (0.0, size - 1.0) if aligned else (-0.5, float(size))
        if span == 0:
            return zeros_like(place)
        distance = where(place < start, start - place, place - start)
        rest = distance.remainder(span)
        turns = (distance / span).floor()
        place = where(turns.remainder(2) == 0, rest + start, span - rest + start)
    inner = (place > 0) & (place < size - 1)
    return where(inner, place, place.detach().clamp(0, size - 1))


def _keys(distance: Tensor) -> Tensor:
    """The cubic convolution kernel with a = -0.75 (Keys 1981, eq. 4)."""
    x, a = distance.abs(), -0.75
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return where(x <= 1, near, far)


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places of a result's elements in an image that an affine map lays over it, for grid_sample.

    theta: [N, 2, 3], or [N, 3, 4] for volumes: of (x, y, 1) the place in the input
    size: of the result, [N, C, H, W] or [N, C, D, H, W]
    align_corners: whether -1 and 1 are the centres of the outer elements, rather than their outer edges
    Returns [N, H, W, 2] or [N, D, H, W, 3].
    """
    axes = len(size) - 2
    floating("affine_grid", theta)
    if axes not in (2, 3) or theta.shape != (size[0], axes, axes + 1) or min(size) < 1:
        raise ShapeError(
            f"affine_grid: theta {list(theta.shape)} and size {list(size)} don't fit: [N, 2, 3] goes with "
            "[N, C, H, W], and [N, 3, 4] with [N, C, D, H, W], all at least 1"
        )
    full = tuple(size[2:])
    ticks = []
    for k, count in enumerate(full):
        tick = linspace(-1, 1, count, dtype=theta.dtype, device=theta.device)
        tick = zeros_like(tick) if count == 1 else tick if align_corners else tick * ((count - 1) / count)
        ticks.append(tick.reshape([-1 if j == k else 1 for j in range(axes)]).expand(full))
    # x, the last axis, comes first
    places = stack([*reversed(ticks), ones_like(ticks[0].contiguous())], -1).reshape(1, -1, axes + 1)
    return (places @ theta.mT).reshape(size[0], *full, axes)
