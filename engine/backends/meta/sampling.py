"""Shapes of tensors padded, resampled and taken apart into patches."""

import math

from engine.backends.meta.array import MetaArray
from engine.backends.meta.convolutions import fitting
from engine.backends.registry import Kernel
from engine.backends.resampling import Rule
from engine.backends.windows import Pads, Sizes
from engine.errors import ShapeError


def _pad(x: MetaArray, widths: Pads, value: float) -> MetaArray:
    return MetaArray(tuple(a + n + b for (a, b), n in zip(widths, x.shape, strict=True)), x.dtype)


def _resample(x: MetaArray, dim: int, size: int, rule: Rule) -> MetaArray:
    return MetaArray((*x.shape[:dim], size, *x.shape[dim + 1 :]), x.dtype)


def _unfold(x: MetaArray, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> MetaArray:
    out = fitting("unfold", x.shape, kernel, stride, padding, dilation)
    return MetaArray((x.shape[0], x.shape[1] * math.prod(kernel), math.prod(out)), x.dtype)


def _fold(
    columns: MetaArray, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> MetaArray:
    size = math.prod(kernel)
    if columns.shape[1] % size:
        raise ShapeError(
            f"fold: input {list(columns.shape)} has columns of {columns.shape[1]} elements, which windows of "
            f"{list(kernel)} with {size} elements a channel don't divide evenly"
        )
    given = (columns.shape[0], columns.shape[1] // size, *shape)
    out = fitting("fold", given, kernel, stride, padding, dilation)
    if columns.shape[2] != math.prod(out):
        raise ShapeError(
            f"fold: input {list(columns.shape)} has {columns.shape[2]} columns, and output_size "
            f"{list(shape)} with kernel_size {list(kernel)}, stride {list(stride)}, padding {list(padding)} "
            f"and dilation {list(dilation)} has {' x '.join(map(str, out))} = {math.prod(out)} windows"
        )
    return MetaArray(given, columns.dtype)


KERNELS: dict[str, Kernel] = {
    "pad": _pad,
    "resample": _resample,
    "resample_grad": _resample,
    "unfold": _unfold,
    "fold": _fold,
}
