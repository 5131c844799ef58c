"""Losses of a distance, a margin or a likelihood."""

import math

from engine.autograd.tape import apply
from engine.nn.functional.reduction import check_reduction, reduced, same_shape, weighted
from engine.ops import losses as ops
from engine.tensor import Tensor
from engine.tensor.activations import logsigmoid
from engine.tensor.arithmetic import where
from engine.tensor.transcendental import xlogy

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "hinge_embedding_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "margin_ranking_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
]


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """(input - target)^2, of equal shapes. Returns [] for "mean" (over all elements) and "sum"."""
    check_reduction(reduction)
    return apply(ops.MSE, same_shape("mse_loss", input, target), (reduction,))


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """|input - target|, of equal shapes. Returns [] for "mean" (over all elements) and "sum"."""
    check_reduction(reduction)
    return apply(ops.L1, same_shape("l1_loss", input, target), (reduction,))


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """d^2 / 2 for |d| = |input - target| up to delta, beyond it delta (|d| - delta / 2)."""
    x, y = same_shape("huber_loss", input, target)
    distance = (x - y).abs()
    losses = where(distance < delta, distance * distance * 0.5, (distance - delta / 2) * delta)
    if weight is None:
        return reduced(losses, reduction)
    return weighted(losses * weight, weight, reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d^2 / (2 beta) for |d| = |input - target| below beta, beyond it |d| - beta / 2."""
    if beta == 0:
        return l1_loss(input, target, reduction)
    x, y = same_shape("smooth_l1_loss", input, target)
    distance = (x - y).abs()
    return reduced(where(distance < beta, distance * distance * (0.5 / beta), distance - beta / 2), reduction)


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
    x, y = same_shape("binary_cross_entropy_with_logits", input, target)
    positive = y if pos_weight is None else y * pos_weight
    losses = -(positive * logsigmoid(x) + (1 - y) * logsigmoid(-x))
    return reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)) of probabilities, of equal shapes; each log counts as at least -100."""
    p, y = same_shape("binary_cross_entropy", input, target)
    losses = -(y * p.log().clamp(min=-100) + (1 - y) * (1 - p).log().clamp(min=-100))
    return reduced(losses if weight is None else losses * weight, reduction)


def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target (log target - input) of log-probabilities; "batchmean" divides the sum by the batch."""
    losses = target.exp() * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses
    return reduced(losses, reduction)


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
    return reduced(losses, reduction)


def soft_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-target input)), targets being 1 or -1."""
    return reduced((-target * input).exp().log1p(), reduction)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - target (input1 - input2))"""
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1."""
    near = where(target != -1, input, 0.0)
    return reduced(near + where(target != 1, (margin - input).clamp(min=0), 0.0), reduction)
