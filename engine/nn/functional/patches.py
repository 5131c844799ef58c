"""Images as patches and back, and channels as pixels and back."""

from engine.autograd.tape import unary
from engine.errors import ShapeError
from engine.nn.functional.spatial import Each, per_axis
from engine.ops import sampling as ops
from engine.tensor import Tensor

__all__ = ["channel_shuffle", "fold", "pixel_shuffle", "pixel_unshuffle", "unfold"]


def unfold(
    input: Tensor, kernel_size: Each, dilation: Each = 1, padding: Each = 0, stride: Each = 1
) -> Tensor:
    """The windows of images [N, C, H, W] (or [C, H, W]) as columns: [N, C KH KW, L], L windows by rows.

    A column holds a window's elements by channel, row and column. padding: zeros around each side.
    Raises ShapeError where the window is larger than the padded image.
    """
    windows = _windows("unfold", kernel_size, stride, padding, dilation)
    if input.ndim not in (3, 4):
        raise ShapeError(f"unfold: input {list(input.shape)} must be [N, C, H, W] or [C, H, W]")
    if input.ndim == 3:
        return unary(ops.UNFOLD, input.unsqueeze(0), windows).squeeze(0)
    return unary(ops.UNFOLD, input, windows)


def fold(
    input: Tensor,
    output_size: Each,
    kernel_size: Each,
    dilation: Each = 1,
    padding: Each = 0,
    stride: Each = 1,
) -> Tensor:
    """The adjoint of unfold: columns [N, C KH KW, L] (or [C KH KW, L]) added where the windows lie.

    output_size: H and W of the result [N, C, H, W]
    Raises ShapeError where L isn't the number of windows of such an image.
    """
    windows = _windows("fold", kernel_size, stride, padding, dilation)
    shape = per_axis("fold", "output_size", output_size, 2, 1)
    if input.ndim not in (2, 3):
        raise ShapeError(f"fold: input {list(input.shape)} must be [N, C KH KW, L] or [C KH KW, L]")
    if input.ndim == 2:
        return unary(ops.FOLD, input.unsqueeze(0), (shape, *windows)).squeeze(0)
    return unary(ops.FOLD, input, (shape, *windows))


def _windows(
    name: str, kernel_size: Each, stride: Each, padding: Each, dilation: Each
) -> tuple[tuple[int, ...], ...]:
    return (
        per_axis(name, "kernel_size", kernel_size, 2, 1),
        per_axis(name, "stride", stride, 2, 1),
        per_axis(name, "padding", padding, 2, 0),
        per_axis(name, "dilation", dilation, 2, 1),
    )


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """[..., C r^2, H, W] as [..., C, H r, W r]: r^2 channels are r x r pixels (Shi et al. 2016)."""
    r = upscale_factor
    _check_images("pixel_shuffle", input, r)
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise ShapeError(
            f"pixel_shuffle: input {list(input.shape)} has {channels} channels, which upscale_factor {r} "
            f"squared, {r * r}, doesn't divide"
        )
    k = len(lead)
    parts = input.reshape(*lead, channels // (r * r), r, r, height, width)
    parts = parts.permute(*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return parts.reshape(*lead, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """[..., C, H r, W r] as [..., C r^2, H, W]: the inverse of pixel_shuffle."""
    r = downscale_factor
    _check_images("pixel_unshuffle", input, r)
    *lead, channels, height, width = input.shape
    if height % r or width % r:
        raise ShapeError(
            f"pixel_unshuffle: downscale_factor {r} must divide the height and width of input "
            f"{list(input.shape)}"
        )
    k = len(lead)
    parts = input.reshape(*lead, channels, height // r, r, width // r, r)
    parts = parts.permute(*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return parts.reshape(*lead, channels * r * r, height // r, width // r)


def _check_images(name: str, input: Tensor, factor: int) -> None:
    if input.ndim < 3:
        raise ShapeError(f"{name}: input {list(input.shape)} must be [..., C, H, W]")
    if factor < 1:
        raise ShapeError(f"{name}: the factor must be at least 1, not {factor}")


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """[N, C, ...] with the channels of `groups` groups interleaved (Zhang et al. 2018)."""
    if input.ndim < 3:
        raise ShapeError(f"channel_shuffle: input {list(input.shape)} must be [N, C, ...] with spatial axes")
    batch, channels, *rest = input.shape
    if groups < 1 or channels % groups:
        raise ShapeError(
            f"channel_shuffle: {groups} groups don't divide the {channels} channels of {list(input.shape)}"
        )
    parts = input.reshape(batch, groups, channels // groups, *rest)
    return parts.transpose(1, 2).reshape(input.shape)
