"""Losses of a distance or a likelihood."""

import math

from engine.autograd import no_grad
from engine.autograd.tape import apply, binary
from engine.errors import EngineError, ShapeError
from engine.nn.functional.reduction import check_reduction, reduced, same_shape, weighted
from engine.ops import Op
from engine.ops import losses as ops
from engine.tensor import Tensor
from engine.tensor.activations import logsigmoid
from engine.tensor.arithmetic import where
from engine.tensor.casting import in_single
from engine.tensor.creation import full_like
from engine.tensor.promotion import require_floating
from engine.tensor.transcendental import xlogy

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
]


@in_single
def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """(input - target)^2, of equal shapes. Returns [] for "mean" (over all elements) and "sum".

    weight: of each element, of the same shape; the mean is then over the weights
    """
    return _elementwise(ops.MSE, "mse_loss", input, target, reduction, weight)


@in_single
def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """|input - target|, of equal shapes. Returns [] for "mean" (over all elements) and "sum".

    weight: of each element, of the same shape; the mean is then over the weights
    """
    return _elementwise(ops.L1, "l1_loss", input, target, reduction, weight)


def _elementwise(
    op: Op, name: str, input: Tensor, target: Tensor, reduction: str, weight: Tensor | None
) -> Tensor:
    check_reduction(reduction)
    operands = same_shape(name, input, target)
    if reduction == "mean":
        require_floating(name, operands[0])
    if weight is None:
        return apply(op, operands, (reduction,))
    if weight.shape != input.shape:
        raise ShapeError(f"{name}: the weight {weight.shape} must have the input's shape {input.shape}")
    return weighted(apply(op, operands, ("none",)) * weight, weight, reduction)


@in_single
def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """d^2 / 2 for |d| = |input - target| up to delta, beyond it delta (|d| - delta / 2)."""
    check_delta(delta)
    x, y = same_shape("huber_loss", input, target)
    distance = (x - y).abs()
    losses = where(distance < delta, distance * distance * 0.5, (distance - delta / 2) * delta)
    if weight is None:
        return reduced(losses, reduction)
    return weighted(losses * weight, weight, reduction)


def check_delta(delta: float) -> None:
    """Refuse what huber_loss has no meaning for."""
    if not float(delta) > 0:
        raise EngineError(f"huber_loss: delta must be a number above 0, not {delta}")


@in_single
def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d^2 / (2 beta) for |d| = |input - target| below beta, beyond it |d| - beta / 2."""
    if beta < 0:
        raise EngineError(f"smooth_l1_loss: beta must be at least 0, not {beta}")
    if beta == 0:
        return l1_loss(input, target, reduction)
    x, y = same_shape("smooth_l1_loss", input, target)
    distance = (x - y).abs()
    return reduced(where(distance < beta, distance * distance * (0.5 / beta), distance - beta / 2), reduction)


@in_single
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


@in_single
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)) of probabilities, of equal shapes; each log counts as at least -100.

    Raises EngineError where an element of either lies outside [0, 1].
    """
    p, y = same_shape("binary_cross_entropy", input, target)
    losses = binary(ops.BCE, p, y)
    return reduced(losses if weight is None else losses * weight, reduction)


@in_single
def kl_div(input: Tensor, target: Tensor, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target (log target - input) of log-probabilities; "batchmean" divides the sum by the batch."""
    losses = target.exp() * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0] if input.ndim else losses
    return reduced(losses, reduction)


@in_single
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


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """(log var + (input - target)^2 / var) / 2 for targets that are normal around input.

    var: the variance, of input's shape, without its last axis, with one axis of size 1, or a number; values
        below eps count as eps, but keep their gradient; full: adds the constant log(2 pi) / 2
    Raises ShapeError if the shapes don't fit, EngineError for a variance below 0.
    """
    check_reduction(reduction)
    variance = full_like(input, var) if isinstance(var, int | float) else var
    if variance.device.type == "cpu" and bool((variance < 0).any()):
        raise EngineError(
            "gaussian_nll_loss: var has elements below 0; it is a variance, so pass exp or softplus of it"
        )
    if variance.shape != input.shape:
        if input.shape[:-1] == variance.shape:
            variance = variance.unsqueeze(-1)
        elif variance.ndim != input.ndim or [
            n for m, n in zip(input.shape, variance.shape, strict=True) if m != n
        ] != [1]:
            raise ShapeError(
                f"gaussian_nll_loss: var {variance.shape} must have the shape of input {input.shape}, "
                "lack its last axis, or have size 1 in one axis"
            )
    clamped = variance.clone()
    with no_grad():
        clamped.clamp_(min=eps)
    difference = input - target
    losses = (clamped.log() + difference * difference / clamped) * 0.5
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """Binary cross entropy times (1 - p)^gamma, p the probability of what is so (Lin et al. 2017, eq. 5).

    inputs: logits of any shape; targets: of the same shape, 0 or 1
    alpha: weight of the positives, with 1 - alpha for the negatives; below 0: no weights
    As torchvision.ops.sigmoid_focal_loss.
    """
    if not alpha <= 1:
        raise EngineError(
            f"sigmoid_focal_loss: alpha must be in [0, 1], or below 0 for no weights, not {alpha}"
        )
    x, y = same_shape("sigmoid_focal_loss", inputs, targets)
    p = x.sigmoid()
    wrong = p * (1 - y) + (1 - p) * y
    losses = binary_cross_entropy_with_logits(x, y, reduction="none") * wrong**gamma
    if alpha >= 0:
        losses = (y * alpha + (1 - y) * (1 - alpha)) * losses
    return reduced(losses, reduction)
