"""Functions of images, signals and volumes that PyTorch shows at its top, too, or only there."""

from collections.abc import Sequence

from engine.errors import ShapeError
from engine.nn.functional.adaptive_pools import adaptive_avg_pool1d
from engine.nn.functional.convolutions import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from engine.nn.functional.grids import MODES, PADDINGS, grid_sample
from engine.nn.functional.padding import pad as pad_
from engine.nn.functional.patches import channel_shuffle, pixel_shuffle, pixel_unshuffle
from engine.nn.functional.pools import avg_pool1d, max_pool1d, max_pool2d, max_pool3d
from engine.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "avg_pool1d",
    "channel_shuffle",
    "constant_pad_nd",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "grid_sampler",
    "grid_sampler_2d",
    "grid_sampler_3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "pixel_shuffle",
    "pixel_unshuffle",
]


def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """nn.functional.pad with a constant."""
    return pad_(input, pad, value=value)


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """nn.functional.grid_sample with modes by number.

    interpolation_mode: 0 bilinear, 1 nearest, 2 bicubic; padding_mode: 0 zeros, 1 border, 2 reflection
    """
    if interpolation_mode not in (0, 1, 2) or padding_mode not in (0, 1, 2):
        raise ShapeError(
            f"grid_sampler: the modes are 0, 1 or 2, not {interpolation_mode} and {padding_mode}; "
            "nn.functional.grid_sample takes them by name"
        )
    return grid_sample(input, grid, MODES[interpolation_mode], PADDINGS[padding_mode], align_corners)


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """grid_sampler of images [N, C, H, W]."""
    return grid_sampler(_of_rank(input, 4), grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """grid_sampler of volumes [N, C, D, H, W]."""
    return grid_sampler(_of_rank(input, 5), grid, interpolation_mode, padding_mode, align_corners)


def _of_rank(input: Tensor, rank: int) -> Tensor:
    if input.ndim != rank:
        raise ShapeError(
            f"grid_sampler_{rank - 2}d: input {list(input.shape)} must have {rank} axes; "
            "nn.functional.grid_sample takes images and volumes"
        )
    return input
