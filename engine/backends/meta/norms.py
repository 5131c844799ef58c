"""Shapes of normalised tensors, their statistics and their gradients."""

from typing import Any

from engine.backends.meta.array import MetaArray
from engine.backends.registry import Kernel
from engine.errors import ShapeError

# statistics come in the dtype of the weights, which may be float32 where x is of half precision


def _batch_norm(x: MetaArray, weight: MetaArray, *_: Any) -> tuple[MetaArray, MetaArray, MetaArray]:
    return _new(x), MetaArray(x.shape[1:2], weight.dtype), MetaArray(x.shape[1:2], weight.dtype)


def _track_statistics(running_mean: MetaArray, running_var: MetaArray, mean: MetaArray, *_: Any) -> None:
    if not running_mean.shape == running_var.shape == mean.shape:
        raise ShapeError(
            f"running statistics of shapes {running_mean.shape} and {running_var.shape} can't follow "
            f"{mean.shape[0]} channels; both must have shape {mean.shape}"
        )


def _per_row(x: MetaArray, weight: MetaArray, axes: int) -> MetaArray:
    return MetaArray((*x.shape[: x.ndim - axes], *(1,) * axes), weight.dtype)


def _layer_norm(
    x: MetaArray, weight: MetaArray, bias: MetaArray, axes: int, eps: float
) -> tuple[MetaArray, MetaArray, MetaArray]:
    return _new(x), _per_row(x, weight, axes), _per_row(x, weight, axes)


def _rms_norm(x: MetaArray, weight: MetaArray, axes: int, eps: float) -> tuple[MetaArray, MetaArray]:
    return _new(x), _per_row(x, weight, axes)


def _group_norm(
    x: MetaArray, weight: MetaArray, bias: MetaArray, groups: int, eps: float
) -> tuple[MetaArray, MetaArray, MetaArray]:
    per_group = (x.shape[0], groups)
    return _new(x), MetaArray(per_group, weight.dtype), MetaArray(per_group, weight.dtype)


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
