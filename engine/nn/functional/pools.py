"""Pools of sliding windows: the largest element, the mean, a p-norm; and putting maxima back."""

from collections.abc import Sequence
from typing import Any

from engine.autograd.tape import apply_several, unary
from engine.errors import IndexError_, ShapeError
from engine.nn.functional.spatial import Each, batched, floating, per_axis
from engine.ops import pools as ops
from engine.tensor import Tensor
from engine.tensor.casting import in_single

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def max_pool1d(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of signals [N, C, L] (or [C, L]).

    stride: as kernel_size unless given; padding: at most half a window, never the largest
    ceil_mode: also windows that begin within the input and end beyond it
    return_indices: also the int64 places of the largest elements, the axes of a channel counted as one
    NaN counts as larger than anything. Raises ShapeError where the window is larger than the padded input.
    """
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of images [N, C, H, W] (or [C, H, W]); as max_pool1d."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@in_single
@in_single
def max_pool3d(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of volumes [N, C, D, H, W] (or [C, D, H, W]); as max_pool1d."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """max_pool1d with return_indices, whatever that argument says."""
    found: tuple[Tensor, Tensor] = _max_pool(
        1, input, kernel_size, stride, padding, dilation, ceil_mode, True
    )
    return found


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """max_pool2d with return_indices, whatever that argument says."""
    found: tuple[Tensor, Tensor] = _max_pool(
        2, input, kernel_size, stride, padding, dilation, ceil_mode, True
    )
    return found


@in_single
def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    dilation: Each = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """max_pool3d with return_indices, whatever that argument says."""
    found: tuple[Tensor, Tensor] = _max_pool(
        3, input, kernel_size, stride, padding, dilation, ceil_mode, True
    )
    return found


def avg_pool1d(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of signals [N, C, L] (or [C, L]).

    stride: as kernel_size unless given; padding: zeros, at most half a window
    ceil_mode: also windows that begin within the input and end beyond it
    count_include_pad: whether the padding counts as elements
    """
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of images [N, C, H, W] (or [C, H, W]).

    stride: as kernel_size unless given; padding: zeros, at most half a window
    ceil_mode: also windows that begin within the input and end beyond it
    count_include_pad: whether the padding counts as elements
    divisor_override: what the sum is divided by, instead of the number of elements
    """
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


@in_single
def avg_pool3d(
    input: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of volumes [N, C, D, H, W] (or [C, D, H, W]).

    stride: as kernel_size unless given; padding: zeros, at most half a window
    ceil_mode: also windows that begin within the input and end beyond it
    count_include_pad: whether the padding counts as elements
    divisor_override: what the sum is divided by, instead of the number of elements
    """
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Each,
    stride: Each | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^p)^(1/p) of each window of signals [N, C, L] (or [C, L]), p being norm_type."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Each,
    stride: Each | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^p)^(1/p) of each window of images [N, C, H, W] (or [C, H, W]), p being norm_type."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


@in_single
def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Each,
    stride: Each | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """(sum of x^p)^(1/p) of each window of volumes [N, C, D, H, W] (or [C, D, H, W]), p being norm_type."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)


@in_single
@in_single
def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with each element at the place that max_pool1d took it from: its inverse but for what was lost.

    indices: int64 of input's shape, from max_pool1d with return_indices
    output_size: the axes of the result, where several sizes come to the same number of windows
    Raises IndexError_ for an index outside the result, ShapeError where sizes don't fit.
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


@in_single
@in_single
def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with each element at the place that max_pool2d took it from; as max_unpool1d."""
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


@in_single
@in_single
def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Each,
    stride: Each | None = None,
    padding: Each = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with each element at the place that max_pool3d took it from; as max_unpool1d."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _windows(
    name: str, axes: int, kernel_size: Each, stride: Each | None, padding: Each, dilation: Each
) -> tuple[tuple[int, ...], ...]:
    kernel = per_axis(name, "kernel_size", kernel_size, axes, 1)
    # an empty list is PyTorch's other way to leave it out
    step = kernel if stride is None or stride == () or stride == [] else stride
    around = per_axis(name, "padding", padding, axes, 0)
    spread = per_axis(name, "dilation", dilation, axes, 1)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(around, kernel, spread, strict=True)):
        raise ShapeError(
            f"{name}: padding {list(around)} is more than half of the window, kernel_size {list(kernel)}, "
            "so that some windows would hold nothing else"
        )
    return kernel, per_axis(name, "stride", step, axes, 1), around, spread


def _max_pool(
    axes: int,
    input: Tensor,
    kernel_size: Each,
    stride: Each | None,
    padding: Each,
    dilation: Each,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    name = f"max_pool{axes}d"
    attrs = (*_windows(name, axes, kernel_size, stride, padding, dilation), bool(ceil_mode))
    x = batched(name, input, axes)
    out, places = apply_several(ops.MAX_POOL, (x,), attrs)
    if x is not input:
        out = out.squeeze(0)
    if not return_indices:
        return out
    return out, unary(ops.MAX_POOL_INDICES, places, (x.shape[2:], *attrs[:-1])).reshape(out.shape)


def _avg_pool(
    axes: int,
    input: Tensor,
    kernel_size: Each,
    stride: Each | None,
    padding: Each,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    name = f"avg_pool{axes}d"
    floating(name, input)
    kernel, step, around, _ = _windows(name, axes, kernel_size, stride, padding, 1)
    if divisor_override == 0:
        raise ShapeError(f"{name}: divisor_override can't be 0")
    x = batched(name, input, axes)
    attrs = (kernel, step, around, bool(ceil_mode), bool(count_include_pad), divisor_override)
    out = unary(ops.AVG_POOL, x, attrs)
    return out if x is input else out.squeeze(0)


def _lp_pool(
    axes: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Each,
    stride: Each | None,
    ceil_mode: bool,
) -> Tensor:
    count = 1
    for n in per_axis(f"lp_pool{axes}d", "kernel_size", kernel_size, axes, 1):
        count *= n
    mean = _avg_pool(axes, input**norm_type, kernel_size, stride, 0, ceil_mode, True, None)
    # as PyTorch has it: a sum that is exactly zero has the gradient zero
    return (mean.sign() * mean.abs().relu() * count) ** (1 / norm_type)


def _max_unpool(
    axes: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Each,
    stride: Each | None,
    padding: Each,
    output_size: Sequence[int] | None,
) -> Tensor:
    name = f"max_unpool{axes}d"
    kernel, step, around, _ = _windows(name, axes, kernel_size, stride, padding, 1)
    x = batched(name, input, axes)
    if indices.shape != input.shape:
        raise ShapeError(
            f"{name}: indices {list(indices.shape)} must have the shape of the input, {list(input.shape)}"
        )
    usual = [(n - 1) * s - 2 * p + k for n, s, p, k in zip(x.shape[2:], step, around, kernel, strict=True)]
    size = usual if output_size is None else [int(n) for n in tuple(output_size)[-axes:]]
    fits = output_size is None or len(output_size) in (axes, input.ndim)
    if (
        not fits
        or len(size) != axes
        or any(not n - s < m < n + s for m, n, s in zip(size, usual, step, strict=True))
    ):
        raise ShapeError(
            f"{name}: output_size {size} must be less than a stride {list(step)} away from {usual}, to which "
            f"input {list(input.shape)} with kernel_size {list(kernel)} comes"
        )
    count = 1
    for n in size:
        count *= n
    flat = indices.reshape(x.shape).flatten(2)
    if flat.device.type != "meta" and flat.numel() and not 0 <= int(flat.min()) <= int(flat.max()) < count:
        raise IndexError_(f"{name}: indices must be in [0, {count}), the elements of a channel of {size}")
    spread = x.new_zeros((*x.shape[:2], count)).scatter(2, flat, x.flatten(2))
    out = spread.reshape(*x.shape[:2], *size)
    return out if x is input else out.squeeze(0)
