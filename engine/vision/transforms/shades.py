"""Brightness, contrast, colour: functions of images [N, C, H, W] and of a factor for each, [N].

Formulas are torchvision's. Floating-point images lie in [0, 1], uint8 ones in 0..255.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.arithmetic import where
from engine.tensor.creation import from_numpy, new_tensor
from engine.tensor.shapes import cat, stack
from engine.vision.transforms.images import per_image

Array = npt.NDArray[Any]

LUMA = (0.2989, 0.587, 0.114)


def bound(images: Tensor) -> float:
    """The value of white."""
    return 1.0 if images.is_floating_point() else float(np.iinfo(images.dtype.numpy).max)


def _working(images: Tensor) -> Tensor:
    return images if images.is_floating_point() else images.float()


def _kept(values: Tensor, images: Tensor) -> Tensor:
    """Values within the range of images, in their dtype; integers are cut off, as torchvision does."""
    return values.clamp(0.0, bound(images)).to(images.dtype)


def grey(images: Tensor) -> Tensor:
    """Luminance [N, 1, H, W] in the images' dtype; a single channel as it is."""
    channels = images.shape[1]
    if channels == 1:
        return images
    if channels != 3:
        raise ShapeError(f"luminance needs 1 or 3 channels, not {channels}")
    pixels = _working(images)
    mix = new_tensor(pixels, LUMA).reshape(1, 3, 1, 1)
    return (pixels * mix).sum(1, keepdim=True).to(images.dtype)


def _blend(images: Tensor, other: Tensor, factor: Array) -> Tensor:
    share = per_image(factor, images)
    return _kept(_working(images) * share + _working(other) * (1.0 - share), images)


def brighter(images: Tensor, factor: Array) -> Tensor:
    return _kept(_working(images) * per_image(factor, images), images)


def contrasted(images: Tensor, factor: Array) -> Tensor:
    mean = _working(grey(images)).mean((1, 2, 3), keepdim=True)
    return _blend(images, mean, factor)


def saturated(images: Tensor, factor: Array) -> Tensor:
    return images if images.shape[1] == 1 else _blend(images, grey(images), factor)


def sharpened(images: Tensor, factor: Array) -> Tensor:
    """Away from, or towards, a blur of 3 x 3; the outermost pixels stay."""
    height, width = images.shape[-2:]
    if min(height, width) <= 2:
        return images
    pixels = _working(images)
    total: Any = pixels[:, :, 1:-1, 1:-1] * 4.0
    for down in range(3):
        for right in range(3):
            total = total + pixels[:, :, down : height - 2 + down, right : width - 2 + right]
    inner = total / 13.0
    inner = inner if images.is_floating_point() else inner.round()
    rows = cat([pixels[:, :, 1:-1, :1], inner, pixels[:, :, 1:-1, -1:]], -1)
    return _blend(images, cat([pixels[:, :, :1], rows, pixels[:, :, -1:]], -2), factor)


def hue_shifted(images: Tensor, turn: Array) -> Tensor:
    """Hue turned by a share of the circle, -0.5 to 0.5; grey images as they are."""
    if images.shape[1] == 1:
        return images
    if images.shape[1] != 3:
        raise ShapeError(f"hue needs 1 or 3 channels, not {images.shape[1]}")
    white = bound(images)
    r, g, b = (_working(images) / white if white != 1 else images).unbind(1)
    high, low = r.maximum(g).maximum(b), r.minimum(g).minimum(b)
    spread = high - low
    flat = spread == 0
    divisor = where(flat, 1.0, spread)
    red, green, blue = (high - r) / divisor, (high - g) / divisor, (high - b) / divisor
    sector = where(
        (high == r).logical_and(flat.logical_not()),
        blue - green,
        where((high == g).logical_and(high != r), red + 2.0 - blue, green + 4.0 - red),
    )
    hue = (where(flat, 0.0, sector) / 6.0 + per_image(turn, images)[:, 0] + 1.0).remainder(1.0)
    saturation = spread / where(high == 0, 1.0, high)
    # back: each channel falls from the value by saturation, as far as the hue is away from it
    parts = []
    for shift in (5.0, 3.0, 1.0):
        k = (hue * 6.0 + shift).remainder(6.0)
        parts.append(high - high * saturation * k.minimum(4.0 - k).clamp(0.0, 1.0))
    out = stack(parts, 1)
    return out if white == 1 else (out * (white + 1 - 1e-3)).clamp(0.0, white).to(images.dtype)


def inverted(images: Tensor) -> Tensor:
    return -images + bound(images) if images.is_floating_point() else ~images


def solarized(images: Tensor, threshold: Array) -> Tensor:
    """Inverted where a pixel is at least the threshold, a share of white."""
    limit = per_image(threshold * bound(images), images)
    return where(_working(images) >= limit, inverted(images), images)


def posterized(images: Tensor, bits: Array) -> Tensor:
    """Only so many of eight bits kept."""
    if images.is_floating_point():
        levels = per_image(2.0**bits, images)
        return (images * levels).floor().clamp(min=0.0).minimum(levels - 1.0) / levels
    mask = (256 - 2 ** (8 - bits.astype(np.int64))).astype(np.uint8)
    return images & from_numpy(mask.reshape(-1, 1, 1, 1))


def autocontrasted(images: Tensor) -> Tensor:
    """Each channel stretched from its darkest and lightest value to black and white."""
    white = bound(images)
    pixels = _working(images)
    low, high = pixels.amin((-2, -1), keepdim=True), pixels.amax((-2, -1), keepdim=True)
    flat = high == low
    scale = white / where(flat, white, high - low)
    return _kept((pixels - where(flat, 0.0, low)) * scale, images)


def equalized(images: Tensor) -> Tensor:
    """Each channel with an even histogram, as Pillow does it; floating-point images by way of 256 levels."""
    pixels = images.detach().numpy()
    is_floating = pixels.dtype.kind == "f"
    levels = np.clip(pixels * 255.999, 0, 255).astype(np.uint8) if is_floating else pixels
    flat = levels.reshape(-1, levels.shape[-2] * levels.shape[-1]).astype(np.int64)
    count = len(flat)
    histogram = np.bincount((flat + np.arange(count)[:, None] * 256).ravel(), minlength=count * 256)
    histogram = histogram.reshape(count, 256)
    last = histogram[np.arange(count), flat.max(axis=1, initial=0)]
    step = (flat.shape[1] - last) // 255
    below = np.cumsum(histogram, axis=1) - histogram
    table = np.clip((below + step[:, None] // 2) // np.maximum(step, 1)[:, None], 0, 255)
    out = np.where(step[:, None] == 0, flat, np.take_along_axis(table, flat, 1)).reshape(pixels.shape)
    if is_floating:
        return from_numpy((out / 255.0).astype(pixels.dtype))
    return from_numpy(out.astype(pixels.dtype))
