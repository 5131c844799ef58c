"""Normalisation kernels. s is the standardised x, (x - mean) rstd; formulas are in engine/ops/norms.py."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Axes = tuple[int, ...]
# the stubs of ufunc.reduce want keepdims as a literal
_add: Callable[..., Any] = np.add.reduce


def _mean(x: Array, dim: Axes) -> Array:
    """The mean over `dim`, whose axes stay with size 1."""
    count = 1
    for axis in dim:
        count *= x.shape[axis]
    total: Array = _add(x, axis=dim, keepdims=True)
    total /= count
    return total


def _rstd(var: Array, eps: float) -> Array:
    rstd: Array = np.reciprocal(np.sqrt(var + eps))
    return rstd


def _standard(x: Array, dim: Axes, eps: float) -> tuple[Array, Array, Array]:
    """s, mean and var; the statistics keep the axes `dim` with size 1."""
    mean = _mean(x, dim)
    s: Array = x - mean
    # two passes: the one-pass formula cancels where the mean is large
    var = _mean(s * s, dim)
    s *= _rstd(var, eps)
    return s, mean, var


def _pulled_back(u: Array, s: Array, rstd: Array, dim: Axes, centred: bool = True) -> Array:
    """rstd (u - mean(u) - s mean(u s)), the gradient of what was standardised from that of s."""
    out: Array = u - s * _mean(u * s, dim)
    if centred:
        out -= _mean(u, dim)
    out *= rstd
    return out


def _over_channels(x: Array) -> tuple[Axes, tuple[int, ...]]:
    """The axes other than the channels', and the shape in which what is per channel broadcasts."""
    return (0, *range(2, x.ndim)), (1, -1) + (1,) * (x.ndim - 2)


def batch_norm(x: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
    dim, wide = _over_channels(x)
    out, mean, var = _standard(x, dim, eps)
    out *= weight.reshape(wide)
    out += bias.reshape(wide)
    return out, mean.reshape(-1), var.reshape(-1)


def batch_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float
) -> tuple[Array, Array, Array]:
    dim, wide = _over_channels(x)
    rstd = _rstd(var, eps).reshape(wide)
    s = x - mean.reshape(wide)
    s *= rstd
    return (
        _pulled_back(g * weight.reshape(wide), s, rstd, dim),
        _add(g * s, axis=dim),
        _add(g, axis=dim),
    )


def track_statistics(
    running_mean: Array, running_var: Array, mean: Array, var: Array, momentum: Array, count: int
) -> None:
    running_mean += momentum * (mean - running_mean)
    running_var += momentum * (var * (count / (count - 1)) - running_var)


def _last(x: Array, axes: int) -> tuple[Axes, Axes]:
    """The last `axes` axes, and the ones before them."""
    return tuple(range(x.ndim - axes, x.ndim)), tuple(range(x.ndim - axes))


def layer_norm(x: Array, weight: Array, bias: Array, axes: int, eps: float) -> tuple[Array, Array, Array]:
    out, mean, var = _standard(x, _last(x, axes)[0], eps)
    out *= weight
    out += bias
    return out, mean, _rstd(var, eps)


def layer_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, rstd: Array, axes: int, eps: float
) -> tuple[Array, Array, Array]:
    dim, rows = _last(x, axes)
    s = x - mean
    s *= rstd
    return _pulled_back(g * weight, s, rstd, dim), _add(g * s, axis=rows), _add(g, axis=rows)


def rms_norm(x: Array, weight: Array, axes: int, eps: float) -> tuple[Array, Array]:
    rstd = _rstd(_mean(x * x, _last(x, axes)[0]), eps)
    out: Array = x * rstd
    out *= weight
    return out, rstd


def rms_norm_grad(
    g: Array, x: Array, weight: Array, rstd: Array, axes: int, eps: float
) -> tuple[Array, Array]:
    dim, rows = _last(x, axes)
    s = x * rstd
    return _pulled_back(g * weight, s, rstd, dim, centred=False), _add(g * s, axis=rows)


def _grouped(x: Array, groups: int) -> Array:
    """[N, C, ...] as [N, G, C / G, S]."""
    size = 1
    for n in x.shape[2:]:
        size *= n
    return x.reshape((x.shape[0], groups, x.shape[1] // groups, size))


def group_norm(x: Array, weight: Array, bias: Array, groups: int, eps: float) -> tuple[Array, Array, Array]:
    wide = (1, groups, x.shape[1] // groups, 1)
    out, mean, var = _standard(_grouped(x, groups), (2, 3), eps)
    out *= weight.reshape(wide)
    out += bias.reshape(wide)
    return out.reshape(x.shape), mean.reshape(-1, groups), _rstd(var, eps).reshape(-1, groups)


def group_norm_grad(
    g: Array, x: Array, weight: Array, mean: Array, rstd: Array, groups: int, eps: float
) -> tuple[Array, Array, Array]:
    per_group, wide = (*mean.shape, 1, 1), (1, groups, x.shape[1] // groups, 1)
    rstd = rstd.reshape(per_group)
    s = _grouped(x, groups) - mean.reshape(per_group)
    s *= rstd
    rows = _grouped(g, groups)
    return (
        _pulled_back(rows * weight.reshape(wide), s, rstd, (2, 3)).reshape(x.shape),
        _add(rows * s, axis=(0, 3)).reshape(weight.shape),
        _add(rows, axis=(0, 3)).reshape(weight.shape),
    )


KERNELS: dict[str, Kernel] = {
    "batch_norm": batch_norm,
    "batch_norm_grad": batch_norm_grad,
    "track_statistics": track_statistics,
    "layer_norm": layer_norm,
    "layer_norm_grad": layer_norm_grad,
    "rms_norm": rms_norm,
    "rms_norm_grad": rms_norm_grad,
    "group_norm": group_norm,
    "group_norm_grad": group_norm_grad,
}
