"""Shapes of convolutions, and what is wrong where operands don't fit."""

from engine.backends.meta.array import MetaArray
from engine.backends.registry import Kernel
from engine.backends.windows import Sizes, positions, reach
from engine.errors import ShapeError


def channels(count: int) -> str:
    return f"{count} channel{'' if count == 1 else 's'}"


def fitting(
    name: str,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool = False,
) -> Sizes:
    """How many windows fit along each of the last axes of an input of this shape; raises where none does."""
    sizes = shape[len(shape) - len(kernel) :]
    out = positions(sizes, kernel, stride, padding, dilation, ceil_mode)
    for axis, count in enumerate(out):
        if count < 1:
            span = reach(kernel[axis], dilation[axis])
            spread = f" (with dilation {dilation[axis]} it spans {span})" if dilation[axis] > 1 else ""
            raise ShapeError(
                f"{name}: kernel {list(kernel)}{spread} is larger than the input {list(shape)}: axis "
                f"{len(shape) - len(kernel) + axis} has {sizes[axis]} elements, with padding "
                f"{sizes[axis] + 2 * padding[axis]}; take a smaller kernel or more padding"
            )
    return out


def _check_groups(name: str, weight: MetaArray, groups: int) -> None:
    if weight.shape[0] % groups:
        raise ShapeError(
            f"{name}: weight {list(weight.shape)} has {weight.shape[0]} filters, which {groups} groups "
            "don't divide evenly"
        )


def _conv(
    x: MetaArray,
    weight: MetaArray,
    bias: MetaArray | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> MetaArray:
    name = f"conv{weight.ndim - 2}d"
    if x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            f"{name}: input {list(x.shape)} has {channels(x.shape[1])}, weight {list(weight.shape)} with "
            f"groups {groups} takes {weight.shape[1] * groups}"
        )
    _check_groups(name, weight, groups)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"{name}: bias {list(bias.shape)} must have one element for each of the {weight.shape[0]} "
            f"filters of weight {list(weight.shape)}"
        )
    out = fitting(name, x.shape, weight.shape[2:], stride, padding, dilation)
    return MetaArray((x.shape[0], weight.shape[0], *out), x.dtype)


def _conv_no_bias(
    x: MetaArray, weight: MetaArray, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> MetaArray:
    return _conv(x, weight, None, stride, padding, dilation, groups)


def _conv_input_grad(
    g: MetaArray,
    weight: MetaArray,
    shape: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> MetaArray:
    name = f"conv_transpose{weight.ndim - 2}d"
    if g.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"{name}: input {list(g.shape)} has {channels(g.shape[1])}, weight {list(weight.shape)} takes "
            f"{weight.shape[0]}: a transposed convolution's weight is [in, out / groups, ...]"
        )
    _check_groups(name, weight, groups)
    if positions(shape, weight.shape[2:], stride, padding, dilation) != g.shape[2:]:
        raise ShapeError(f"{name}: input {list(g.shape)} doesn't come to spatial axes {list(shape)}")
    return MetaArray((g.shape[0], weight.shape[1] * groups, *shape), g.dtype)


def _conv_weight_grad(
    x: MetaArray,
    g: MetaArray,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> MetaArray:
    if positions(x.shape[2:], kernel, stride, padding, dilation) != g.shape[2:]:
        raise ShapeError(
            f"conv_weight_grad: a gradient {list(g.shape)} doesn't belong to input {list(x.shape)} "
            f"and kernel {list(kernel)}"
        )
    return MetaArray((g.shape[1], x.shape[1] // groups, *kernel), x.dtype)


KERNELS: dict[str, Kernel] = {
    "conv": _conv,
    "conv_no_bias": _conv_no_bias,
    "conv_input_grad": _conv_input_grad,
    "conv_weight_grad": _conv_weight_grad,
}
