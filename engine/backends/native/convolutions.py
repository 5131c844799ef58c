"""Rows of convolutions over one to three axes, and of their gradients."""

from engine.backends.native.rows import FLOAT32, Array, Native, Row, Shape, takes
from engine.backends.windows import Sizes, positions


def _numbers(
    x: Shape, weight: Shape, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> tuple[int, ...] | None:
    """What the kernels read: N, C, H, W, O, P, Q, then kernel, stride, padding, dilation of H and W, groups.

    Of volumes N, C, O, groups, then their sizes, the results' and those of the kernel and so on. None where
    they don't fit together. A signal has H = 1.
    """
    if x[1] != weight[1] * groups or weight[0] % groups or weight[0] == 0:
        return None
    space = positions(x[2:], weight[2:], stride, padding, dilation)
    if min(space) < 1:
        return None
    if len(x) == 5:
        sizes = (x[2:], space, weight[2:], stride, padding, dilation)
        return (*x[:2], weight[0], groups, *(n for three in sizes for n in three))
    lead, more = ((), ()) if len(x) == 4 else ((1,), (0,))
    kinds = (weight[2:], stride, more + padding, dilation)
    attrs = [n for sizes in kinds for n in (sizes if len(sizes) == 2 else lead + sizes)]
    return (*x[:2], *lead, *x[2:], weight[0], *lead, *space, *attrs, groups)


def _result(x: Array, numbers: tuple[int, ...]) -> Shape:
    """[N, O, *P], of as many axes as x."""
    if x.ndim == 5:
        return (numbers[0], numbers[2], *numbers[7:10])
    images, _, _, _, filters, rows, columns, *_ = numbers
    return (images, filters, rows, columns) if x.ndim == 4 else (images, filters, columns)


def _name(op: str, x: Array) -> str:
    """The kernel of an op: volumes have some of their own."""
    return op.replace("conv", "conv_volumes") if x.ndim == 5 else op


def conv(
    x: Array, weight: Array, bias: Array, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Native | None:
    numbers = _numbers(x.shape, weight.shape, stride, padding, dilation, groups)
    if numbers is None or not takes(x, weight, bias) or bias.shape != weight.shape[:1]:
        return None
    return Native(_name("conv", x), (x, weight, bias), ((_result(x, numbers), FLOAT32),), numbers)


def conv_no_bias(
    x: Array, weight: Array, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Native | None:
    numbers = _numbers(x.shape, weight.shape, stride, padding, dilation, groups)
    if numbers is None or not takes(x, weight):
        return None
    return Native(_name("conv_no_bias", x), (x, weight), ((_result(x, numbers), FLOAT32),), numbers)


def conv_input_grad(
    g: Array, weight: Array, shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Native | None:
    x = (g.shape[0], weight.shape[1] * groups, *shape)
    numbers = _numbers(x, weight.shape, stride, padding, dilation, groups)
    if numbers is None or not takes(g, weight) or _result(g, numbers) != g.shape:
        return None
    return Native(_name("conv_input_grad", g), (g, weight), ((x, FLOAT32),), numbers)


def conv_weight_grad(
    x: Array, g: Array, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Native | None:
    weight = (g.shape[1], x.shape[1] // groups, *kernel)
    numbers = _numbers(x.shape, weight, stride, padding, dilation, groups)
    if numbers is None or not takes(x, g) or _result(g, numbers) != g.shape:
        return None
    return Native(_name("conv_weight_grad", x), (x, g), ((weight, FLOAT32),), numbers)


ROWS: dict[str, Row] = {
    "conv": conv,
    "conv_no_bias": conv_no_bias,
    "conv_input_grad": conv_input_grad,
    "conv_weight_grad": conv_weight_grad,
}
