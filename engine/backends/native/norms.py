"""Rows of the normalisations and of softmax."""

import math

from engine.backends.native.rows import FLOAT32, Array, Native, Row, like, takes


def layer_norm(x: Array, weight: Array, bias: Array, axes: int, eps: float) -> Native | None:
    if not takes(x, weight, bias):
        return None
    lead = x.shape[: x.ndim - axes] + (1,) * axes
    return Native(
        "layer_norm", (x, weight, bias), (like(x), (lead, FLOAT32), (lead, FLOAT32)), (weight.size,), (eps,)
    )


def layer_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, rstd: Array, axes: int, eps: float
) -> Native | None:
    # of a row of one element nothing is left, which a product that isn't rounded would miss by a little
    if not takes(g, x, weight, mean, rstd) or weight.size == 1:
        return None
    forms = (like(x), like(weight), like(weight))
    return Native("layer_norm_grad", (g, x, weight, mean, rstd), forms, (weight.size,))


def _sizes(x: Array) -> tuple[int, int, int]:
    """[N, C, ...] as N, C and the elements of each channel."""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


def _steps(g: Array) -> tuple[int, int, int] | None:
    """Strides of [N, C, ...] as [N, C, S], in elements; None where there are no such ones."""
    down, across, *rest = [step // g.itemsize for step in g.strides]
    if g.flags.c_contiguous:
        return down, across, 1
    if any(step for step, n in zip(rest, g.shape[2:], strict=True) if n > 1):
        return None
    return down, across, 0


def batch_norm(x: Array, weight: Array, bias: Array, eps: float) -> Native | None:
    if not takes(x, weight, bias):
        return None
    forms, sizes = (like(x), like(weight), like(weight)), _sizes(x)
    if sizes[2] == 1:
        return Native("batch_norm_rows", (x, weight, bias), forms, sizes[:2], (eps,))
    return Native("batch_norm", (x, weight, bias), forms, sizes, (eps,))


def batch_norm_grad(g: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float) -> Native | None:
    if not takes(x, weight, mean, var) or g.dtype is not FLOAT32 or g.shape != x.shape:
        return None
    steps, sizes = _steps(g), _sizes(x)
    if steps is None:
        return None
    operands, forms = (g, x, weight, mean, var), (like(x), like(weight), like(weight))
    if sizes[2] == 1:
        return Native("batch_norm_rows_grad", operands, forms, (*sizes[:2], *steps[:2]), (eps,))
    return Native("batch_norm_grad", operands, forms, (*sizes, *steps), (eps,))


def track_statistics(
    running_mean: Array, running_var: Array, mean: Array, var: Array, momentum: Array, count: int
) -> Native | None:
    operands = (running_mean, running_var, mean, var, momentum)
    if not takes(*operands) or count < 2:
        return None
    return Native("track_statistics", operands, (), (), (count / (count - 1),))


def group_norm(x: Array, weight: Array, bias: Array, groups: int, eps: float) -> Native | None:
    if not takes(x, weight, bias):
        return None
    batch, channels, size = _sizes(x)
    form = ((batch, groups), FLOAT32)
    ints = (groups, channels // groups, size)
    return Native("group_norm", (x, weight, bias), (like(x), form, form), ints, (eps,))


def group_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, rstd: Array, groups: int, eps: float
) -> Native | None:
    if not takes(g, x, weight, mean, rstd):
        return None
    _, channels, size = _sizes(x)
    forms = (like(x), like(weight), like(weight))
    ints = (groups, channels // groups, size)
    return Native("group_norm_grad", (g, x, weight, mean, rstd), forms, ints)


def rms_norm(x: Array, weight: Array, axes: int, eps: float) -> Native | None:
    if not takes(x, weight):
        return None
    lead = x.shape[: x.ndim - axes] + (1,) * axes
    return Native("rms_norm", (x, weight), (like(x), (lead, FLOAT32)), (weight.size,), (eps,))


def rms_norm_grad(g: Array, x: Array, weight: Array, rstd: Array, axes: int, eps: float) -> Native | None:
    if not takes(g, x, weight, rstd):
        return None
    return Native("rms_norm_grad", (g, x, weight, rstd), (like(x), like(weight)), (weight.size,))


def softmax(x: Array, dim: int) -> Native | None:
    return Native("softmax", (x,), (like(x),), (x.shape[-1],)) if dim == x.ndim - 1 and takes(x) else None


def log_softmax(x: Array, dim: int) -> Native | None:
    if dim != x.ndim - 1 or not takes(x):
        return None
    return Native("log_softmax", (x,), (like(x),), (x.shape[-1],))


ROWS: dict[str, Row] = {
    "layer_norm": layer_norm,
    "layer_norm_grad": layer_norm_grad,
    "batch_norm": batch_norm,
    "batch_norm_grad": batch_norm_grad,
    "track_statistics": track_statistics,
    "group_norm": group_norm,
    "group_norm_grad": group_norm_grad,
    "rms_norm": rms_norm,
    "rms_norm_grad": rms_norm_grad,
    "softmax": softmax,
    "log_softmax": log_softmax,
}
