"""Normalisation, with the arguments of PyTorch's functions of these names outside torch.nn.functional."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.autograd.tape import apply_several, overwrite
from engine.dtypes import NARROW, float32
from engine.errors import DTypeError, ShapeError
from engine.ops import norms as ops
from engine.tensor.arithmetic import rsqrt, sqrt
from engine.tensor.creation import new_empty
from engine.tensor.promotion import constant, require_floating
from engine.tensor.shapes import expand, repeat, reshape

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "native_batch_norm",
    "native_group_norm",
    "native_layer_norm",
    "rms_norm",
]

# smallest difference from 1, the eps that rms_norm takes by default
_EPS = {2: 2.0**-10, 4: 2.0**-23, 8: 2.0**-52}


def _filled(
    name: str, what: str, given: Tensor | None, value: float, shape: tuple[int, ...], x: Tensor
) -> Tensor:
    """A weight or bias of that shape; the value that changes nothing where there is none."""
    if given is None:
        return expand(constant(value, x.dtype, x._device), shape)
    if given.shape != shape:
        raise ShapeError(
            f"{name}: {what} has shape {given.shape}; for an input of shape {x.shape} it must be {shape}"
        )
    # float32 weights normalise half precision too
    if given.dtype is not x.dtype and not (given.dtype is float32 and x._data.dtype in NARROW):
        raise DTypeError(
            f"{name}: {what} is {given.dtype} and the input {x.dtype}; convert one of them with .to()"
        )
    return given


def _affine(
    name: str, x: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    require_floating(name, x)
    return _filled(name, "weight", weight, 1.0, shape, x), _filled(name, "bias", bias, 0.0, shape, x)


def _channels(name: str, x: Tensor) -> int:
    if x.ndim < 2:
        raise ShapeError(f"{name} needs an input of shape [N, C, ...], not {x.shape}")
    channels: int = x.shape[1]
    return channels


# over the last axes


def _normalized(name: str, x: Tensor, normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ShapeError(f"{name} over shape {shape} needs an input of [..., *{shape}], not {x.shape}")
    return shape


def native_layer_norm(
    input: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """layer_norm with the mean and 1 / sqrt(var + eps) that it used, outside the graph: [..., 1]."""
    shape = _normalized("layer_norm", input, normalized_shape)
    operands = (input, *_affine("layer_norm", input, weight, bias, shape))
    out, mean, rstd = apply_several(ops.LAYER_NORM, operands, (len(shape), eps))
    return out, mean, rstd


def layer_norm(
    input: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """(x - mean) / sqrt(var + eps) over the last axes, then times weight plus bias (Ba et al. 2016).

    input: [..., *normalized_shape]; weight, bias: [*normalized_shape], of its dtype
    Returns input's shape and dtype. Raises ShapeError if they don't fit.
    """
    return native_layer_norm(input, normalized_shape, weight, bias, eps)[0]


def rms_norm(
    input: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """x / sqrt(mean of squares + eps) over the last axes, then times weight (Zhang and Sennrich 2019).

    input: [..., *normalized_shape]; weight: [*normalized_shape], of its dtype
    eps: None for the smallest difference from 1 in input's dtype
    """
    require_floating("rms_norm", input)
    shape = _normalized("rms_norm", input, normalized_shape)
    scale = _filled("rms_norm", "weight", weight, 1.0, shape, input)
    attrs = (len(shape), _EPS[input.dtype.itemsize] if eps is None else eps)
    return apply_several(ops.RMS_NORM, (input, scale), attrs)[0]


# over groups of channels


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Normalised over each group of channels and all places, for each sample (Wu and He 2018).

    input: [N, C, ...]; weight, bias: [C], of its dtype; num_groups divides C
    Returns input's shape and dtype. Raises ShapeError if they don't fit.
    """
    return _group_norm(input, num_groups, weight, bias, eps)[0]


def _group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, ...]:
    channels = _channels("group_norm", input)
    if num_groups < 1 or channels % num_groups:
        raise ShapeError(f"group_norm: {num_groups} groups don't divide {channels} channels")
    operands = (input, *_affine("group_norm", input, weight, bias, (channels,)))
    return apply_several(ops.GROUP_NORM, operands, (num_groups, eps))


def native_group_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """group_norm of an input of N samples, C channels and HxW places, with mean and rstd: [N, group]."""
    if input.shape[:2] != (N, C) or input.numel() != N * C * HxW:
        raise ShapeError(f"native_group_norm: shape {input.shape} isn't [{N}, {C}, ...] with {HxW} places")
    out, mean, rstd = _group_norm(input, group, weight, bias, eps)
    return out, mean, rstd


# over the batch


def _normalized_batch(
    name: str,
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
) -> tuple[Tensor, ...]:
    """Normalised over all axes but the channels', with mean and biased variance: [C]."""
    operands = (x, *_affine(name, x, weight, bias, (_channels(name, x),)))
    return apply_several(ops.BATCH_NORM, operands, (eps,))


def _track(
    name: str,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    mean: Tensor,
    var: Tensor,
    momentum: float | Tensor,
    count: int,
) -> None:
    """Move running statistics, if there are any, towards those of `count` values per channel."""
    if running_mean is None and running_var is None:
        return
    if running_mean is None or running_var is None:
        raise ShapeError(f"{name}: give both running_mean and running_var, or neither")
    for running in (running_mean, running_var):
        if running.shape != mean.shape:
            raise ShapeError(
                f"{name}: running statistics of shape {running.shape} can't follow {mean.shape[0]} channels"
            )
    if isinstance(momentum, int | float):
        momentum = constant(float(momentum), mean.dtype, mean._device)
    operands = (running_mean.detach(), running_var.detach(), mean, var, momentum)
    overwrite(ops.TRACK_STATISTICS, operands, (count,))


def _by_running(
    name: str,
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    eps: float,
) -> Tensor:
    """Normalised by running statistics: one factor and one summand per channel."""
    channels = _channels(name, x)
    require_floating(name, x)
    if running_mean is None or running_var is None:
        raise ShapeError(f"{name}: outside training running_mean and running_var are needed, [{channels}]")
    mean = _filled(name, "running_mean", running_mean, 0.0, (channels,), x)
    scale = rsqrt(_filled(name, "running_var", running_var, 1.0, (channels,), x) + eps)
    if weight is not None:
        scale = scale * _filled(name, "weight", weight, 1.0, (channels,), x)
    shift = -mean * scale
    if bias is not None:
        shift = shift + _filled(name, "bias", bias, 0.0, (channels,), x)
    wide = (channels,) + (1,) * (x.ndim - 2)
    return x * reshape(scale, wide) + reshape(shift, wide)


def _nothing(input: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """No elements, which depend on weight and bias all the same."""
    out = input.clone()
    for each in (weight, bias):
        if each is not None:
            out = out + each.sum()
    return out


def _trained(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    momentum: float | Tensor,
    eps: float,
) -> tuple[Tensor, ...]:
    count = input.numel() // max(_channels("batch_norm", input), 1)
    if count <= 1:
        raise ShapeError(
            f"batch_norm: training needs more than one value per channel, and shape {input.shape} has "
            f"{count}; give a larger batch, or call eval()"
        )
    out, mean, var = _normalized_batch("batch_norm", input, weight, bias, eps)
    _track("batch_norm", running_mean, running_var, mean, var, momentum, count)
    return out, mean, var


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float | Tensor,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """nn.functional.batch_norm, with the arguments in another order.

    cudnn_enabled: which library computes it on a GPU; there is one implementation here
    """
    if input.numel() == 0:
        return _nothing(input, weight, bias)
    if training:
        return _trained(input, weight, bias, running_mean, running_var, momentum, eps)[0]
    return _by_running("batch_norm", input, weight, bias, running_mean, running_var, eps)


def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float | Tensor,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """batch_norm with the mean and 1 / sqrt(var + eps) of the batch: [C], or [0] outside training."""
    if training:
        out, mean, var = _trained(input, weight, bias, running_mean, running_var, momentum, eps)
        return out, mean, 1 / sqrt(var + eps)
    out = _by_running("batch_norm", input, weight, bias, running_mean, running_var, eps)
    return out, new_empty(input, 0), new_empty(input, 0)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float | Tensor,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """nn.functional.instance_norm, with the arguments in another order; cudnn_enabled: as in batch_norm."""
    if not use_input_stats:
        return _by_running("instance_norm", input, weight, bias, running_mean, running_var, eps)
    channels = _channels("instance_norm", input)
    samples = input.shape[0]
    count = math.prod(input.shape[2:])
    if count <= 1:
        raise ShapeError(
            f"instance_norm needs more than one value per sample and channel, and shape {input.shape} has "
            f"{count}"
        )
    # each channel of each sample is a channel of one large sample
    scale, shift = _affine("instance_norm", input, weight, bias, (channels,))
    rows = reshape(input, (1, samples * channels, count))
    operands = (rows, repeat(scale, samples), repeat(shift, samples))
    out, mean, var = apply_several(ops.BATCH_NORM, operands, (eps,))
    if running_mean is not None or running_var is not None:
        mean, var = (reshape(s, (samples, channels)).mean(0) for s in (mean, var))
        _track("instance_norm", running_mean, running_var, mean, var, momentum, count)
    return reshape(out, input.shape)
