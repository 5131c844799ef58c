"""Pools that divide the axes into a given number of windows, or into random ones."""

import math
from collections.abc import Sequence
from operator import index
from typing import Any

from engine.autograd.tape import binary, unary
from engine.backends.resampling import Rule
from engine.errors import DTypeError, ShapeError
from engine.nn.functional.spatial import LETTERS, Each, batched, floating, per_axis
from engine.ops import pools as ops
from engine.ops.sampling import RESAMPLE
from engine.tensor import Tensor
from engine.tensor.casting import in_single
from engine.tensor.random import rand

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

Sizes = int | None | Sequence[int | None]
PARTS: Rule = ("parts", False, None)


def adaptive_avg_pool1d(input: Tensor, output_size: Sizes) -> Tensor:
    """The means of even parts of the axes of [N, C, L] (or [C, L]).

    output_size: how many parts, one number or one for each axis; None keeps an axis. Part k of m covers
        floor(k L / m) to ceil((k + 1) L / m): parts overlap where m doesn't divide L
    """
    return _adaptive_avg(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Sizes) -> Tensor:
    """The means of even parts of the axes of [N, C, H, W] (or [C, H, W]); as adaptive_avg_pool1d."""
    return _adaptive_avg(2, input, output_size)


@in_single
@in_single
def adaptive_avg_pool3d(input: Tensor, output_size: Sizes) -> Tensor:
    """The means of even parts of the axes of [N, C, D, H, W] (or [C, D, H, W]); as adaptive_avg_pool1d."""
    return _adaptive_avg(3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest elements of even parts of the axes of [N, C, L] (or [C, L]).

    output_size: as in adaptive_avg_pool1d
    return_indices: also their int64 places, the axes of a channel counted as one
    """
    out = _adaptive_max(1, input, output_size)
    return out if return_indices else out[0]


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool1d with return_indices, whatever that argument says."""
    return _adaptive_max(1, input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest elements of even parts of H and W of [N, C, H, W]; as adaptive_max_pool1d."""
    out = _adaptive_max(2, input, output_size)
    return out if return_indices else out[0]


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool2d with return_indices, whatever that argument says."""
    return _adaptive_max(2, input, output_size)


@in_single
@in_single
def adaptive_max_pool3d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """The largest elements of even parts of D, H and W of [N, C, D, H, W]; as adaptive_max_pool1d."""
    out = _adaptive_max(3, input, output_size)
    return out if return_indices else out[0]


@in_single
def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Sizes, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """adaptive_max_pool3d with return_indices, whatever that argument says."""
    return _adaptive_max(3, input, output_size)


@in_single
@in_single
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Each,
    output_size: Each | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest elements of windows at random distances in [N, C, H, W] (Graham 2014).

    kernel_size: size of a window; output_size: how many, or output_ratio: how many of the input's size
    return_indices: also the int64 places, the axes of a channel counted as one
    _random_samples: [N, C, 2] in [0, 1) that fix the windows; drawn unless given
    """
    out = _fractional_max(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return out if return_indices else out[0]


@in_single
def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Each,
    output_size: Each | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """fractional_max_pool2d with return_indices, whatever that argument says."""
    return _fractional_max(2, input, kernel_size, output_size, output_ratio, _random_samples)


@in_single
@in_single
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Each,
    output_size: Each | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest elements of windows at random distances in [N, C, D, H, W]; as fractional_max_pool2d."""
    out = _fractional_max(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return out if return_indices else out[0]


@in_single
def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Each,
    output_size: Each | None = None,
    output_ratio: float | Sequence[float] | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """fractional_max_pool3d with return_indices, whatever that argument says."""
    return _fractional_max(3, input, kernel_size, output_size, output_ratio, _random_samples)


def _sizes(name: str, axes: int, x: Tensor, output_size: Sizes) -> tuple[int, ...]:
    """How many parts each axis is to be divided into."""
    given = tuple(output_size) if isinstance(output_size, Sequence) else (output_size,) * axes
    if len(given) == 1:
        given = given * axes
    have = x.shape[2:]
    wanted = [n if size is None else index(size) for size, n in zip(given, have, strict=False)]
    if len(given) != axes or min(wanted) < 1 or min(have) < 1:
        raise ShapeError(
            f"{name}: output_size must be a positive number, or {axes} of them for the axes {LETTERS[axes]} "
            f"of a tensor without empty axes; given {output_size!r} for input {list(x.shape)}"
        )
    return tuple(wanted)


def _adaptive_avg(axes: int, input: Tensor, output_size: Sizes) -> Tensor:
    name = f"adaptive_avg_pool{axes}d"
    floating(name, input)
    x = batched(name, input, axes)
    wanted = _sizes(name, axes, x, output_size)
    if set(wanted) == {1}:
        out = x.mean(tuple(range(2, 2 + axes)), keepdim=True)
    elif all(n % m == 0 for n, m in zip(x.shape[2:], wanted, strict=True)):
        kernel = tuple(n // m for n, m in zip(x.shape[2:], wanted, strict=True))
        out = unary(ops.AVG_POOL, x, (kernel, kernel, (0,) * axes, False, True, None))
    else:
        out = x
        for k, size in enumerate(wanted):
            if size != out.shape[2 + k]:
                out = unary(RESAMPLE, out, (2 + k, size, PARTS))
    return out if x is input else out.squeeze(0)


def _adaptive_max(axes: int, input: Tensor, output_size: Sizes) -> tuple[Tensor, Tensor]:
    name = f"adaptive_max_pool{axes}d"
    floating(name, input)
    x = batched(name, input, axes)
    wanted = _sizes(name, axes, x, output_size)
    indices = unary(ops.ADAPTIVE_MAX_POOL_INDICES, x, (wanted,))
    out: Tensor = ops.picked(x, indices)
    return (out, indices) if x is input else (out.squeeze(0), indices.squeeze(0))


def _fractional_max(
    axes: int,
    input: Tensor,
    kernel_size: Each,
    output_size: Each | None,
    output_ratio: float | Sequence[float] | None,
    samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    name = f"fractional_max_pool{axes}d"
    floating(name, input)
    x = batched(name, input, axes)
    kernel = per_axis(name, "kernel_size", kernel_size, axes, 1)
    if (output_size is None) == (output_ratio is None):
        raise ShapeError(f"{name}: give output_size or output_ratio, one of the two")
    if output_size is not None:
        size = per_axis(name, "output_size", output_size, axes, 1)
    else:
        ratios = tuple(output_ratio) if isinstance(output_ratio, Sequence) else (output_ratio,) * axes
        if len(ratios) != axes or not all(r is not None and 0 < r < 1 for r in ratios):
            raise ShapeError(
                f"{name}: output_ratio must be between 0 and 1, one number or {axes}, not {output_ratio!r}"
            )
        size = tuple(math.floor(n * (r or 0)) for n, r in zip(x.shape[2:], ratios, strict=True))
    if min(size) < 1 or any(m + k - 1 > n for m, k, n in zip(size, kernel, x.shape[2:], strict=True)):
        raise ShapeError(
            f"{name}: input {list(input.shape)} hasn't room for {list(size)} windows of {list(kernel)} that "
            "begin at different places"
        )
    if samples is not None and x is not input and samples.ndim == 3:
        # PyTorch lets one sample have the numbers of a whole batch, and takes the first
        samples = samples[:1]
    if samples is None:
        samples = rand((*x.shape[:2], axes), dtype=x.dtype, device=x.device)
    if samples.shape != (*x.shape[:2], axes):
        raise ShapeError(
            f"{name}: _random_samples {list(samples.shape)} must be {[*x.shape[:2], axes]}, a number for "
            "each channel and axis"
        )
    if samples.dtype is not x.dtype:
        raise DTypeError(f"{name}: _random_samples are {samples.dtype} and the input is {x.dtype}")
    indices = binary(ops.FRACTIONAL_MAX_POOL_INDICES, x, samples, (kernel, size))
    out: Tensor = ops.picked(x, indices)
    return (out, indices) if x is input else (out.squeeze(0), indices.squeeze(0))
