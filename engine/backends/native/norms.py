"""Rows of the normalisations and of softmax."""

import math

from engine.backends.native.rows import FLOAT32, Array, Native, Row, like, takes

# a channel's run of neighbouring elements; shorter ones go by strides, for which NumPy's order is better
RUN = 8


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
    if not takes(g, x, weight, mean, rstd):
        return None
    forms = (like(x), like(weight), like(weight))
    return Native("layer_norm_grad", (g, x, weight, mean, rstd), forms, (weight.size,))


def _sizes(x: Array) -> tuple[int, int, int]:
    """[N, C, ...] as N, C and the elements of each channel."""
    return x.shape[0], x.shape[1], math.prod(x.shape[2:])


def batch_norm(x: Array, weight: Array, bias: Array, eps: float) -> Native | None:
    sizes = _sizes(x)
    if sizes[2] < RUN or not takes(x, weight, bias):
        return None
    return Native("batch_norm", (x, weight, bias), (like(x), like(weight), like(weight)), sizes, (eps,))


def batch_norm_grad(g: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float) -> Native | None:
    sizes = _sizes(x)
    if sizes[2] < RUN or not takes(g, x, weight, mean, var):
        return None
    forms = (like(x), like(weight), like(weight))
    return Native("batch_norm_grad", (g, x, weight, mean, var), forms, sizes, (eps,))


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
    "softmax": softmax,
    "log_softmax": log_softmax,
}
