"""Convolutions in any number of spatial axes, as matrix products with the windows of a few images at a time.

x [N, C, *S], weight [O, C / groups, *K], result [N, O, *P]. The windows of a block of images are copied to
columns [C K, P] (im2col), which then are multiplied by the weights as [O, C K]; blocks are small enough that
the columns are still in the cache when they are read.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from engine.backends.registry import Kernel
from engine.backends.windows import Pads, Sizes, positions, reach, sides

Array = npt.NDArray[Any]
Key = tuple[Any, ...]

# bytes of columns at a time, about what a core's second-level cache holds
BLOCK = 1 << 20
# with as many columns as this, a product gains nothing from those of further images
ENOUGH = 512


def padded(x: Array, pads: Pads, value: Any = 0) -> Array:
    """x with `value` before and after its last axes; x itself where nothing is to be added."""
    if not any(before or after for before, after in pads):
        return x
    lead = x.shape[: x.ndim - len(pads)]
    inner = x.shape[x.ndim - len(pads) :]
    full = tuple(a + n + b for (a, b), n in zip(pads, inner, strict=True))
    out = np.full((*lead, *full), value, x.dtype)
    middle: Key = (..., *[slice(a, a + n) for (a, _), n in zip(pads, inner, strict=True)])
    out[middle] = x
    return out


def windows(x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, out: Sizes) -> Array:
    """Of x [N, C, *S] the view [N, C, *K, *P]: element k of window p."""
    steps = x.strides[2:]
    within = tuple(s * d for s, d in zip(steps, dilation, strict=True))
    between = tuple(s * t for s, t in zip(steps, stride, strict=True))
    return as_strided(x, (*x.shape[:2], *kernel, *out), (*x.strides[:2], *within, *between), writeable=False)


def taps(kernel: Sizes, stride: Sizes, dilation: Sizes, out: Sizes) -> Iterator[tuple[Key, Key]]:
    """For each place in a window: its coordinates, and the slices of a padded input's last axes it meets."""
    for at in itertools.product(*map(range, kernel)):
        yield (
            at,
            tuple(
                slice(k * d, k * d + (m - 1) * s + 1, s)
                for k, s, d, m in zip(at, stride, dilation, out, strict=True)
            ),
        )


class _Blocks:
    """How a convolution is cut: `images` at a time, of each `rows` of the result's first axis."""

    def __init__(self, count: int, out: Sizes, column_bytes: int, images: int | None = None) -> None:
        self.count = count
        self.width = math.prod(out[1:])
        row_bytes = max(column_bytes * self.width, 1)
        self.rows = min(max(BLOCK // row_bytes, 1), out[0])
        self.images = max(min(images or count, BLOCK // (row_bytes * out[0])), 1)
        self.height = out[0]
        # the most columns in one block
        self.columns = min(self.images, max(count, 1)) * self.rows * self.width

    def of_images(self) -> Iterator[slice]:
        for start in range(0, self.count, self.images):
            yield slice(start, min(start + self.images, self.count))

    def of_rows(self) -> Iterator[slice]:
        for start in range(0, self.height, self.rows):
            yield slice(start, min(start + self.rows, self.height))

    def columns_of(self, rows: slice) -> slice:
        return slice(rows.start * self.width, rows.stop * self.width)


def _check(fits: bool, out: Sizes) -> None:
    if not fits or min(out) < 1:
        raise ValueError("the operands of a convolution don't fit together")


def conv_no_bias(
    x: Array, weight: Array, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    return conv(x, weight, None, stride, padding, dilation, groups)


def conv(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    outputs, kernel = weight.shape[0], weight.shape[2:]
    space = positions(x.shape[2:], kernel, stride, padding, dilation)
    fits = x.shape[1] == weight.shape[1] * groups and outputs % groups == 0
    _check(fits and (bias is None or bias.shape == (outputs,)), space)
    pads = sides(x.shape[2:], space, kernel, stride, padding, dilation)
    depth = weight.shape[1] * math.prod(kernel)
    out = np.empty((len(x), groups, outputs // groups, math.prod(space)), x.dtype)
    rows_of = weight.reshape(groups, outputs // groups, depth)
    blocks = _Blocks(len(x), space, groups * depth * x.itemsize)
    buffer = np.empty(groups * depth * blocks.columns, x.dtype)
    for images in blocks.of_images():
        seen = windows(padded(x[images], pads), kernel, stride, dilation, space)
        for rows in blocks.of_rows():
            part = seen[_some(rows, space)]
            columns = _copied(part, buffer).reshape(len(part), groups, depth, -1)
            place = out[images, :, :, blocks.columns_of(rows)]
            np.matmul(rows_of, columns, out=place)
            if bias is not None:
                place += bias.reshape(groups, -1, 1)
    return out.reshape(len(x), outputs, *space)


def _some(rows: slice, space: Sizes) -> Key:
    """Those of the windows that begin in some rows; windows are the last axes."""
    return (..., rows, *[slice(None)] * (len(space) - 1))


def _copied(view: Array, buffer: Array) -> Array:
    """A row-major copy of a view in the buffer; the view itself where it is row-major already."""
    if view.flags.c_contiguous:
        return view
    copy = buffer[: view.size].reshape(view.shape)
    np.copyto(copy, view)
    return copy


def conv_input_grad(
    g: Array, weight: Array, shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """The adjoint of conv in x, whose spatial axes are `shape`; also the transposed convolution."""
    outputs, kernel, space = weight.shape[0], weight.shape[2:], g.shape[2:]
    channels = weight.shape[1] * groups
    fits = positions(shape, kernel, stride, padding, dilation) == space
    _check(fits and g.shape[1] == outputs and outputs % groups == 0, space)
    if _is_better_turned(weight, stride, padding, dilation, groups):
        return _turned(g, weight, padding, dilation, groups)
    pads = sides(shape, space, kernel, stride, padding, dilation)
    depth = weight.shape[1] * math.prod(kernel)
    columns_of = weight.reshape(groups, outputs // groups, depth).swapaxes(1, 2)
    given = np.ascontiguousarray(g).reshape(len(g), groups, outputs // groups, math.prod(space))
    out = np.empty((len(g), channels, *shape), g.dtype)
    inner = tuple(slice(a, a + n) for (a, _), n in zip(pads, shape, strict=True))
    full = tuple(a + n + b for (a, b), n in zip(pads, shape, strict=True))
    blocks = _Blocks(len(g), space, groups * depth * g.itemsize)
    for images in blocks.of_images():
        total = np.zeros((len(out[images]), channels, *full), g.dtype)
        for rows in blocks.of_rows():
            columns = np.matmul(columns_of, given[images, :, :, blocks.columns_of(rows)])
            height = (rows.stop - rows.start, *space[1:])
            columns = columns.reshape(len(total), channels, *kernel, *height)
            below = total[:, :, rows.start * stride[0] :]
            for at, place in taps(kernel, stride, dilation, height):
                below[:, :, *place] += columns[:, :, *at]
        out[images] = total[:, :, *inner]
    return out


def _is_better_turned(weight: Array, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> bool:
    """Whether the adjoint is itself a convolution, and one whose columns aren't many more."""
    within = all(p < reach(k, d) for k, p, d in zip(weight.shape[2:], padding, dilation, strict=True))
    return within and set(stride) == {1} and weight.shape[0] // groups <= weight.shape[1]


def _turned(g: Array, weight: Array, padding: Sizes, dilation: Sizes, groups: int) -> Array:
    """With a stride of 1, the adjoint in x: a convolution with the weights turned around."""
    outputs, inputs, *kernel = weight.shape
    turned = np.flip(weight, tuple(range(2, weight.ndim)))
    turned = turned.reshape(groups, outputs // groups, inputs, *kernel).swapaxes(1, 2)
    turned = turned.reshape(groups * inputs, outputs // groups, *kernel)
    around = tuple(reach(k, d) - 1 - p for k, p, d in zip(kernel, padding, dilation, strict=True))
    return conv_no_bias(g, turned, (1,) * len(kernel), around, dilation, groups)


def conv_weight_grad(
    x: Array, g: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Array:
    """The adjoint of conv in the weight, whose spatial axes are `kernel`."""
    outputs, space = g.shape[1], g.shape[2:]
    fits = positions(x.shape[2:], kernel, stride, padding, dilation) == space and len(x) == len(g)
    _check(fits and x.shape[1] % groups == 0 and outputs % groups == 0, space)
    pads = sides(x.shape[2:], space, kernel, stride, padding, dilation)
    depth = x.shape[1] // groups * math.prod(kernel)
    out = np.zeros((groups, outputs // groups, depth), x.dtype)
    given = np.ascontiguousarray(g).reshape(len(g), groups, outputs // groups, math.prod(space))
    most = -(-ENOUGH // given.shape[-1])
    blocks = _Blocks(len(x), space, groups * depth * x.itemsize, images=most)
    buffer = np.empty(groups * depth * blocks.columns, x.dtype)
    for images in blocks.of_images():
        seen = windows(padded(x[images], pads), kernel, stride, dilation, space)
        # channels and places first: [C, *K, images, *P]
        seen = np.moveaxis(seen, 0, 1 + len(kernel))
        for rows in blocks.of_rows():
            part = seen[_some(rows, space)]
            columns = _copied(part, buffer).reshape(groups, depth, -1)
            rows_of = given[images, :, :, blocks.columns_of(rows)]
            rows_of = np.moveaxis(rows_of, 0, 2).reshape(groups, outputs // groups, -1)
            out += np.matmul(rows_of, columns.swapaxes(1, 2))
    return out.reshape(outputs, x.shape[1] // groups, *kernel)


KERNELS: dict[str, Kernel] = {
    "conv": conv,
    "conv_no_bias": conv_no_bias,
    "conv_input_grad": conv_input_grad,
    "conv_weight_grad": conv_weight_grad,
}
