"""Convolutions, and transposed ones, over one, two and three spatial axes."""

from engine.autograd.tape import apply, binary
from engine.backends.windows import reach
from engine.errors import DTypeError, ShapeError
from engine.nn.functional.spatial import LETTERS, Each, batched, counted, per_axis
from engine.ops import convolutions as ops
from engine.ops.shapes import SLICE_GRAD
from engine.tensor import Tensor
from engine.tensor.casting import in_half, under_autocast

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Each = 1,
    padding: Each | str = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of signals [N, C, L] (or [C, L]) with filters [O, C / groups, K].

    bias: [O]; padding: zeros on both sides, or "valid" (none), or "same" (as many as keep L; stride 1 only)
    Returns [N, O, (L + 2 padding - dilation (K - 1) - 1) // stride + 1].
    Raises ShapeError where axes, channels or groups don't fit, or the kernel is larger than the padded input.
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Each = 1,
    padding: Each | str = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of images [N, C, H, W] (or [C, H, W]) with filters [O, C / groups, KH, KW].

    bias: [O]; stride, padding, dilation: one number, or one for each axis; as in conv1d
    Returns [N, O, H', W'].
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Each = 1,
    padding: Each | str = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Tensor:
    """The cross-correlation of volumes [N, C, D, H, W] with filters [O, C / groups, KD, KH, KW].

    bias: [O]; stride, padding, dilation: one number, or one for each axis; as in conv1d
    Returns [N, O, D', H', W'].
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


@in_half
def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Tensor:
    """The adjoint of conv1d: from [N, C, L] (or [C, L]) with filters [C, O / groups, K], larger signals.

    bias: [O]; output_padding: how many elements longer than the shortest length that conv1d makes L of
    Returns [N, O, (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1].
    """
    return _transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@in_half
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Tensor:
    """The adjoint of conv2d: from [N, C, H, W] (or [C, H, W]) with filters [C, O / groups, KH, KW].

    bias: [O]; the rest as in conv_transpose1d, one number or one for each axis
    Returns [N, O, H', W'].
    """
    return _transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@in_half
def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Tensor:
    """The adjoint of conv3d: from [N, C, D, H, W] with filters [C, O / groups, KD, KH, KW].

    bias: [O]; the rest as in conv_transpose1d, one number or one for each axis
    Returns [N, O, D', H', W'].
    """
    return _transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def _conv(
    axes: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Each,
    padding: Each | str,
    dilation: Each,
    groups: int,
) -> Tensor:
    name = f"conv{axes}d"
    _check(name, axes, input, weight, bias, groups, f"[O, C / groups, {LETTERS[axes]}]")
    steps = per_axis(name, "stride", stride, axes, 1)
    spread = per_axis(name, "dilation", dilation, axes, 1)
    x = batched(name, input, axes)
    if x is not input and x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            f"{name}: input {list(input.shape)} counts as one sample of {x.shape[1]} channels without a "
            f"batch axis, weight {list(weight.shape)} with groups {groups} takes "
            f"{weight.shape[1] * groups}; for a batch of samples of one channel, give x.unsqueeze(1)"
        )
    if isinstance(padding, str):
        x, around = _named(name, padding, x, weight.shape[2:], steps, spread)
    else:
        around = per_axis(name, "padding", padding, axes, 0)
    attrs = (steps, around, spread, groups)
    if bias is None:
        out = binary(ops.CONV_NO_BIAS, x, weight, attrs)
    else:
        out = apply(ops.CONV, (x, weight, bias), attrs)
    return out if input.ndim == axes + 2 else out.squeeze(0)


def _named(
    name: str,
    padding: str,
    x: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[Tensor, tuple[int, ...]]:
    """The zeros that a word asks for, on both sides; where one side needs one more, x has it already."""
    if padding == "valid":
        return x, (0,) * len(kernel)
    if padding != "same":
        raise ShapeError(f"{name}: padding must be a number, 'same' or 'valid', not {padding!r}")
    if set(stride) != {1}:
        raise ShapeError(
            f"{name}: padding 'same' keeps the size, which a stride of {stride} doesn't; give it as numbers"
        )
    total = [reach(k, d) - 1 for k, d in zip(kernel, dilation, strict=True)]
    return lengthened(x, [n % 2 for n in total]), tuple(n // 2 for n in total)


def lengthened(x: Tensor, extra: list[int]) -> Tensor:
    """x with that many zeros at the end of each of its last axes."""
    if not any(extra):
        return x
    lead = len(x.shape) - len(extra)
    full = (*x.shape[:lead], *[n + more for n, more in zip(x.shape[lead:], extra, strict=True)])
    return apply(SLICE_GRAD, (x,), (full, tuple(slice(0, n) for n in x.shape)))


def _transposed(
    axes: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Each,
    padding: Each,
    output_padding: Each,
    groups: int,
    dilation: Each,
) -> Tensor:
    name = f"conv_transpose{axes}d"
    _check(name, axes, input, weight, bias, groups, f"[C, O / groups, {LETTERS[axes]}]")
    steps = per_axis(name, "stride", stride, axes, 1)
    around = per_axis(name, "padding", padding, axes, 0)
    spread = per_axis(name, "dilation", dilation, axes, 1)
    longer = per_axis(name, "output_padding", output_padding, axes, 0)
    x = batched(name, input, axes)
    for s, d, more in zip(steps, spread, longer, strict=True):
        if more >= max(s, d):
            raise ShapeError(
                f"{name}: output_padding {output_padding} must be smaller than the stride {stride} or the "
                f"dilation {dilation}"
            )
    whole = tuple(
        (n - 1) * s + reach(k, d)
        for n, k, s, d in zip(x.shape[2:], weight.shape[2:], steps, spread, strict=True)
    )
    shape = tuple(n - 2 * p + more for n, p, more in zip(whole, around, longer, strict=True))
    if min(shape) < 1:
        raise ShapeError(
            f"{name}: padding {list(around)} leaves nothing of the result of input {list(input.shape)} and "
            f"weight {list(weight.shape)}: its axes would be {list(shape)}"
        )
    if all(more < s for s, more in zip(steps, longer, strict=True)):
        out = binary(ops.CONV_INPUT_GRAD, x, weight, (shape, steps, around, spread, groups))
    else:
        # of a result as long as this conv would make more than x: cut it out of the whole
        out = binary(ops.CONV_INPUT_GRAD, x, weight, (whole, steps, (0,) * axes, spread, groups))
        ends = [p + n for p, n in zip(around, shape, strict=True)]
        out = lengthened(out, [max(end - n, 0) for end, n in zip(ends, whole, strict=True)])
        out = out[(..., *[slice(p, end) for p, end in zip(around, ends, strict=True)])]
    if bias is not None:
        if bias.shape != (out.shape[1],):
            raise ShapeError(
                f"{name}: bias {list(bias.shape)} must have one element for each of the {out.shape[1]} "
                f"channels that weight {list(weight.shape)} with groups {groups} gives"
            )
        out = out + bias.reshape(-1, *(1,) * axes)
    return out if input.ndim == axes + 2 else out.squeeze(0)


def _check(
    name: str, axes: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, layout: str
) -> None:
    if weight.ndim != axes + 2:
        raise ShapeError(
            f"{name}: weight {list(weight.shape)} has {counted(weight.ndim)}; it must be {layout}"
        )
    if groups < 1:
        raise ShapeError(f"{name}: groups must be at least 1, not {groups}")
    for what, other in (("weight", weight), ("bias", bias)):
        if other is not None and other._data.dtype != input._data.dtype and not under_autocast():
            raise DTypeError(
                f"{name}: the input is {input.dtype} and the {what} {other.dtype}; they must be the same, "
                "so convert one of them with .to()"
            )
