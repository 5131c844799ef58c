"""Normalisation over some axes; each op with its gradient as an op.

x is standardised, s = (x - mean) rstd with rstd = (var + eps)^(-1/2), and then y = s weight + bias. In
rms_norm the mean counts as 0. With u = g weight the gradient of x is rstd P(u), where

    P(a) = a - mean(a) - s mean(a s)

takes from a what a shift or a scaling of x would undo (Ioffe and Szegedy 2015, section 3; rms_norm has no
mean(a)). P is symmetric, so the gradient of the gradient needs little more. For cotangents v, w, b of the
gradients of x, weight and bias,

    of g:       rstd P(v) weight + w s + b
    of weight:  g rstd P(v)
    of x:       rstd P(g w - rstd (v mean(u s) + u mean(v s))) - rstd^2 s mean(v P(u))

where the last term is what reaches x through rstd.
"""

from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.table import op

Axes = tuple[int, ...]


def _mean(x: Any, dim: Axes) -> Any:
    return x.mean(dim, keepdim=True)


def _second(
    g: Any, x: Any, weight: Any, v: Any, w: Any, b: Any, dim: Axes, eps: float, centred: bool = True
) -> tuple[Any, Any, Any]:
    """The gradients of g, x and weight from those of the gradients: v of x, w of weight, b of bias, or None.

    All have as many axes as x; statistics are over `dim`.
    """
    if centred:
        x = x - _mean(x, dim)
    rstd = (_mean(x.square(), dim) + eps).rsqrt()
    s = x * rstd

    def project(a: Any) -> Any:
        a_s = s * _mean(a * s, dim)
        return a - _mean(a, dim) - a_s if centred else a - a_s

    u = g * weight
    of_g = g.new_zeros(g.shape)
    of_weight = weight.new_zeros(weight.shape)
    of_s = of_g
    through_rstd: Any = None
    if v is not None:
        inner = project(v) * rstd
        of_g = inner * weight
        of_weight = (g * inner).sum_to_size(weight.shape)
        of_s = -(v * _mean(u * s, dim) + u * _mean(v * s, dim)) * rstd
        through_rstd = s * rstd.square() * _mean(v * project(u), dim)
    if w is not None:
        of_g = of_g + s * w
        of_s = of_s + g * w
    if b is not None:
        of_g = of_g + b
    of_x = project(of_s) * rstd
    return of_g, of_x if through_rstd is None else of_x - through_rstd, of_weight


# batch_norm: x [N, C, ...], weight and bias [C]; statistics of each channel over all other axes.
# mean and var (biased) [C] are outputs, since running statistics are made of them.


def _channels(x: Any, *per_channel: Any) -> tuple[Axes, list[Any]]:
    """The axes that batch_norm averages over, and what is per channel with axes to broadcast."""
    shape = [1, x.shape[1]] + [1] * (len(x.shape) - 2)
    return (0, *range(2, len(x.shape))), [None if p is None else p.reshape(shape) for p in per_channel]


def _batch_norm_second(
    g_gx: Any, g_gweight: Any, g_gbias: Any, g0: Any, x: Any, weight: Any, eps: float
) -> tuple[Any, ...]:
    dim, (scale, w, b) = _channels(x, weight, g_gweight, g_gbias)
    of_g, of_x, of_weight = _second(g0, x, scale, g_gx, w, b, dim, eps)
    # mean and var belong to x: what depends on them is in the gradient of x
    return of_g, of_x, of_weight.reshape(weight.shape), None, None


BATCH_NORM = op(
    "batch_norm",
    "x weight bias",
    "eps",
    outputs="out mean var",
    auxiliary="mean var",
    vjp=lambda g, x, weight, mean, var, eps: BATCH_NORM_GRAD(g, x, weight, mean, var, eps),
)
BATCH_NORM_GRAD: Op = op(
    "batch_norm_grad", "g0 x weight mean var", "eps", outputs="gx gweight gbias", vjp=_batch_norm_second
)
# running_mean += momentum (mean - running_mean), and running_var likewise with the unbiased variance; `count`
# values stand behind each mean. momentum [] is a tensor, since it may depend on how many batches there were.
TRACK_STATISTICS = op(
    "track_statistics",
    "running_mean running_var mean var momentum",
    "count",
    outputs="",
    mutates=(0, 1),
    vjp=CONSTANT,
)


# layer_norm: statistics over the last `axes` axes of x; weight and bias have the shape of those axes.
# mean and rstd have x's shape with those axes of size 1.


def _last(x: Any, axes: int) -> Axes:
    return tuple(range(len(x.shape) - axes, len(x.shape)))


def _layer_norm_second(
    g_gx: Any, g_gweight: Any, g_gbias: Any, g0: Any, x: Any, weight: Any, axes: int, eps: float
) -> tuple[Any, ...]:
    return (*_second(g0, x, weight, g_gx, g_gweight, g_gbias, _last(x, axes), eps), None, None)


LAYER_NORM = op(
    "layer_norm",
    "x weight bias",
    "axes eps",
    outputs="out mean rstd",
    auxiliary="mean rstd",
    vjp=lambda g, x, weight, mean, rstd, axes, eps: LAYER_NORM_GRAD(g, x, weight, mean, rstd, axes, eps),
)
LAYER_NORM_GRAD: Op = op(
    "layer_norm_grad", "g0 x weight mean rstd", "axes eps", outputs="gx gweight gbias", vjp=_layer_norm_second
)


# rms_norm: as layer_norm without mean and bias (Zhang and Sennrich 2019)


def _rms_norm_second(
    g_gx: Any, g_gweight: Any, g0: Any, x: Any, weight: Any, axes: int, eps: float
) -> tuple[Any, ...]:
    return (*_second(g0, x, weight, g_gx, g_gweight, None, _last(x, axes), eps, centred=False), None)


RMS_NORM = op(
    "rms_norm",
    "x weight",
    "axes eps",
    outputs="out rstd",
    auxiliary="rstd",
    vjp=lambda g, x, weight, rstd, axes, eps: RMS_NORM_GRAD(g, x, weight, rstd, axes, eps),
)
RMS_NORM_GRAD: Op = op(
    "rms_norm_grad", "g0 x weight rstd", "axes eps", outputs="gx gweight", vjp=_rms_norm_second
)


# group_norm: x [N, C, ...], weight and bias [C]; statistics over each of `groups` groups of channels and all
# axes behind them, for each sample (Wu and He 2018). mean and rstd: [N, groups]


def _grouped(x: Any, groups: int) -> Any:
    """[N, C, ...] as [N, G, C / G, S]."""
    size = 1
    for n in x.shape[2:]:
        size *= n
    return x.reshape((x.shape[0], groups, x.shape[1] // groups, size))


def _group_norm_second(
    g_gx: Any, g_gweight: Any, g_gbias: Any, g0: Any, x: Any, weight: Any, groups: int, eps: float
) -> tuple[Any, ...]:
    per_channel = (1, groups, x.shape[1] // groups, 1)
    v = None if g_gx is None else _grouped(g_gx, groups)
    scale, w, b = (None if p is None else p.reshape(per_channel) for p in (weight, g_gweight, g_gbias))
    found = _second(_grouped(g0, groups), _grouped(x, groups), scale, v, w, b, (2, 3), eps)
    return (*(f.reshape(t.shape) for f, t in zip(found, (g0, x, weight), strict=True)), None, None)


GROUP_NORM = op(
    "group_norm",
    "x weight bias",
    "groups eps",
    outputs="out mean rstd",
    auxiliary="mean rstd",
    vjp=lambda g, x, weight, mean, rstd, groups, eps: GROUP_NORM_GRAD(g, x, weight, mean, rstd, groups, eps),
)
GROUP_NORM_GRAD: Op = op(
    "group_norm_grad",
    "g0 x weight mean rstd",
    "groups eps",
    outputs="gx gweight gbias",
    vjp=_group_norm_second,
)
