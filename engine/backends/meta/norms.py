"""Shapes of normalised tensors, their statistics and their gradients."""

from typing import Any

from engine.backends.meta.array import MetaArray
from engine.backends.registry import Kernel
from engine.errors import ShapeError


def _batch_norm(x: MetaArray, *_: Any) -> tuple[MetaArray, MetaArray, MetaArray]:
    return _new(x), MetaArray(x.shape[1:2], x.dtype), MetaArray(x.shape[1:2], x.dtype)


def _track_statistics(running_mean: MetaArray, running_var: MetaArray, mean: MetaArray, *_: Any) -> None:
    if not running_mean.shape == running_var.shape == mean.shape:
        raise ShapeError(
            f"running statistics of shapes {running_mean.shape} and {running_var.shape} can't follow "
            f"{mean.shape[0]} channels; both must have shape {mean.shape}"
        )


def _per_row(x: MetaArray, axes: int) -> MetaArray:
    return MetaArray((*x.shape[: x.ndim - axes], *(1,) * axes), x.dtype)


def _layer_norm(
    x: MetaArray, weight: MetaArray, bias: MetaArray, axes: int, eps: float
) -> tuple[MetaArray, MetaArray, MetaArray]:
    return _new(x), _per_row(x, axes), _per_row(x, axes)


def _rms_norm(x: MetaArray, weight: MetaArray, axes: int, eps: float) -> tuple[MetaArray, MetaArray]:
    return _new(x), _per_row(x, axes)


def _group_norm(
    x: MetaArray, weight: MetaArray, bias: MetaArray, groups: int, eps: float
) -> tuple[MetaArray, MetaArray, MetaArray]:
    per_group = (x.shape[0], groups)
    return _new(x), MetaArray(per_group, x.dtype), MetaArray(per_group, x.dtype)


def _gradients(g: MetaArray, x: MetaArray, weight: MetaArray, *_: Any) -> tuple[MetaArray, ...]:
    return _new(x), _new(weight), _new(weight)


def _rms_norm_grad(g: MetaArray, x: MetaArray, weight: MetaArray, *_: Any) -> tuple[MetaArray, MetaArray]:
    return _new(x), _new(weight)


def _new(x: MetaArray) -> MetaArray:
    return MetaArray(x.shape, x.dtype)


KERNELS: dict[str, Kernel] = {
    "batch_norm": _batch_norm,
    "batch_norm_grad": _gradients,
    "track_statistics": _track_statistics,
    "layer_norm": _layer_norm,
    "layer_norm_grad": _gradients,
    "rms_norm": _rms_norm,
    "rms_norm_grad": _rms_norm_grad,
    "group_norm": _group_norm,
    "group_norm_grad": _gradients,
}
