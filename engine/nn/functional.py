"""The functions behind the layers."""

import math

from engine.autograd.tape import apply, apply_several
from engine.dtypes import int64
from engine.errors import DTypeError, IndexError_, ShapeError
from engine.ops import losses as ops
from engine.tensor import Tensor, activations
from engine.tensor.activations import *  # noqa: F403 - it says itself which names belong here
from engine.tensor.activations import logsigmoid
from engine.tensor.arithmetic import gelu, relu, sigmoid, tanh, where
from engine.tensor.creation import arange
from engine.tensor.products import linear
from engine.tensor.promotion import cast, pair
from engine.tensor.random import dropout
from engine.tensor.reductions import log_softmax, softmax
from engine.tensor.shapes import movedim
from engine.tensor.transcendental import xlogy

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "gelu",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "linear",
    "log_softmax",
    "margin_ranking_loss",
    "mse_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "poisson_nll_loss",
    "relu",
    "sigmoid",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "tanh",
]
__all__ += activations.__all__

_REDUCTIONS = ("mean", "sum", "none")


def _check_reduction(reduction: str) -> None:
    if reduction not in _REDUCTIONS:
        raise ShapeError(f"reduction must be one of {', '.join(_REDUCTIONS)}, not {reduction!r}")


def _rows(input: Tensor, target: Tensor, name: str) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """Classes last and everything else flat: [M, C], targets [M], and the shape of the targets."""
    if target.dtype is not int64:
        raise DTypeError(
            f"{name}: class targets must be int64, not {target.dtype}; convert them with .long()"
        )
    if input.ndim == 0 or (
        (*input.shape[:1], *input.shape[2:]) != target.shape[: input.ndim] and input.ndim > 1
    ):
        raise ShapeError(
            f"{name}: input {input.shape} and target {target.shape} don't fit; the target has the input's "
            "axes without the second, which holds the classes"
        )
    if input.ndim == 1:
        if target.shape != ():
            raise ShapeError(
                f"{name}: for one sample of shape {input.shape} the target is one class, not {target.shape}"
            )
        return input.reshape(1, -1), target.reshape(1), ()
    if input.ndim == 2:
        return input, target, target.shape
    return movedim(input, 1, -1).reshape(-1, input.shape[1]), target.reshape(-1), target.shape


def _weighted(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    """Reduce losses that were multiplied by weights: the mean is over the weights, not the rows."""
    if reduction == "none":
        return losses
    return losses.sum() / weights.sum() if reduction == "mean" else losses.sum()


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of the target classes.

    input: [N, C] or [N, C, d1, ...] log-probabilities; target: [N] or [N, d1, ...] int64
    weight: [C], of each class; ignore_index: a class whose rows don't count
    Returns [] ("mean" over the rows that count, by weight; "sum"), or target's shape ("none").
    Raises ShapeError if the batch axes differ, IndexError_ if a target is out of range.
    """
    _check_reduction(reduction)
    rows, classes, shape = _rows(input, target, "nll_loss")
    if weight is None:
        out = apply(ops.NLL, (rows, classes), (ignore_index, reduction))
    else:
        kept = classes != ignore_index
        weights = weight[classes.where(kept, 0)] * kept
        losses = apply(ops.NLL, (rows, classes), (ignore_index, "none")) * weights
        out = _weighted(losses, weights, reduction)
    return out.reshape(shape) if reduction == "none" else out


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Negative log-likelihood of the target classes, in nats.

    input: [N, C] or [N, C, d1, ...] (or [C]) float, unnormalised
    target: [N] or [N, d1, ...] (or []) int64, each in [0, C) or ignore_index; or float, probabilities of
        input's shape
    weight: [C], of each class
    label_smoothing: the share of the target that is spread evenly over all classes
    Returns [] ("mean" over the rows that count, by weight; "sum"), or the target's shape ("none").
    Raises ShapeError if the batch axes differ, IndexError_ if a target is out of range.
    """
    _check_reduction(reduction)
    if target.is_floating_point():
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    rows, classes, shape = _rows(input, target, "cross_entropy")
    if weight is None:
        attrs = (ignore_index, label_smoothing, reduction)
        out, _ = apply_several(ops.CROSS_ENTROPY, (rows, classes), attrs)
    else:
        out = _weighted_cross_entropy(rows, classes, weight, ignore_index, reduction, label_smoothing)
    return out.reshape(shape) if reduction == "none" else out


def _weighted_cross_entropy(
    rows: Tensor, classes: Tensor, weight: Tensor, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    log_p = log_softmax(rows, 1)
    out = nll_loss(log_p, classes, weight, ignore_index, reduction)
    if not smoothing:
        return out
    kept = classes != ignore_index
    spread = -(log_p * weight).sum(1) * kept
    if reduction == "mean":
        spread = spread.sum() / (weight[classes.where(kept, 0)] * kept).sum()
    elif reduction == "sum":
        spread = spread.sum()
    return out * (1 - smoothing) + spread * (smoothing / rows.shape[1])


def _soft_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    if input.shape != target.shape:
        raise ShapeError(
            f"cross_entropy: probabilities {target.shape} must have the input's shape {input.shape}"
        )
    axis = min(1, input.ndim - 1)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[axis]
    terms = log_softmax(input, axis) * target
    if weight is not None:
        terms = terms * weight.reshape([-1 if k == axis else 1 for k in range(input.ndim)])
    losses = -terms.sum(axis)
    if reduction == "none":
        return losses
    total = losses.sum()
    return total / max(losses.numel(), 1) if reduction == "mean" else total


def _same_shape(name: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    # PyTorch broadcasts here with a warning; that is nearly always [N] against [N, 1], and a wrong result
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: input {input.shape} and target {target.shape} must have the same shape; "
            "reshape, squeeze or expand one of them"
        )
    return pair(input, target)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2, of equal shapes. Returns [] for "mean" (over all elements) and "sum"."""
    _check_reduction(reduction)
    return apply(ops.MSE, _same_shape("mse_loss", input, target), (reduction,))


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|, of equal shapes. Returns [] for "mean" (over all elements) and "sum"."""
    _check_reduction(reduction)
    return apply(ops.L1, _same_shape("l1_loss", input, target), (reduction,))


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    """The mean over all elements, their sum, or the losses as they are."""
    _check_reduction(reduction)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """d^2 / 2 for |d| = |input - target| up to delta, beyond it delta (|d| - delta / 2)."""
    x, y = _same_shape("huber_loss", input, target)
    distance = (x - y).abs()
    losses = where(distance < delta, distance * distance * 0.5, (distance - delta / 2) * delta)
    if weight is None:
        return _reduced(losses, reduction)
    return _weighted(losses * weight, weight, reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d^2 / (2 beta) for |d| = |input - target| below beta, beyond it |d| - beta / 2."""
    if beta == 0:
        return l1_loss(input, target, reduction)
    x, y = _same_shape("smooth_l1_loss", input, target)
    distance = (x - y).abs()
    return _reduced(
        where(distance < beta, distance * distance * (0.5 / beta), distance - beta / 2), reduction
    )


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(y log s + (1 - y) log(1 - s)) with s = sigmoid(input), of equal shapes, without overflow.

    weight: of each element; pos_weight: of log s; both broadcast
    """
    x, y = _same_shape("binary_cross_entropy_with_logits", input, target)
    positive = y if pos_weight is None else y * pos_weight
    losses = -(positive * logsigmoid(x) + (1 - y) * logsigmoid(-x))
    return _reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)) of probabilities, of equal shapes; each log counts as at least -100."""
    p, y = _same_shape("binary_cross_entropy", input, target)
    losses = -(y * p.log().clamp(min=-100) + (1 - y) * (1 - p).log().clamp(min=-100))
    return _reduced(losses if weight is None else losses * weight, reduction)


def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target (log target - input) of log-probabilities; "batchmean" divides the sum by the batch."""
    losses = target.exp() * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses
    return _reduced(losses, reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - target x for x = log of the rate; `full` adds Stirling's term for targets above 1."""
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + (target * (2 * math.pi)).log() * 0.5
        losses = losses + where(target > 1, stirling, 0.0)
    return _reduced(losses, reduction)


def soft_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-target input)), targets being 1 or -1."""
    return _reduced((-target * input).exp().log1p(), reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - target (input1 - input2))"""
    return _reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1."""
    near = where(target != -1, input, 0.0)
    return _reduced(near + where(target != 1, (margin - input).clamp(min=0), 0.0), reduction)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 [..., C] with a 1 at each class of an int64 tensor; C is the largest class + 1 unless given."""
    if tensor.is_floating_point():
        raise DTypeError(f"one_hot needs an integer tensor, not {tensor.dtype}")
    classes = int(tensor.max()) + 1 if num_classes == -1 else num_classes
    if tensor.numel() and not 0 <= int(tensor.min()) <= int(tensor.max()) < classes:
        raise IndexError_(f"one_hot: the classes must be in [0, {classes})")
    return (tensor.unsqueeze(-1) == arange(classes, device=tensor.device)).long()


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input divided by its p-norm along `dim`, which counts as eps where it is smaller."""
    return input / cast(input.norm(p, dim, keepdim=True).clamp(min=eps), input.dtype)
