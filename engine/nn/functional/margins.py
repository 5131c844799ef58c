"""Losses that are content once a margin is kept."""

from collections.abc import Callable

from engine.dtypes import int64
from engine.errors import DTypeError, EngineError, ShapeError
from engine.nn.functional.distances import pairwise_distance
from engine.nn.functional.reduction import check_reduction, reduced, same_shape
from engine.tensor import Tensor
from engine.tensor.activations import logsigmoid
from engine.tensor.arithmetic import minimum, where
from engine.tensor.casting import in_single
from engine.tensor.creation import arange

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

Distance = Callable[[Tensor, Tensor], Tensor]


@in_single
def soft_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-target input)), targets being 1 or -1."""
    return reduced((-target * input).exp().log1p(), reduction)


@in_single
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: str = "mean"
) -> Tensor:
    """max(0, margin - target (input1 - input2)): target 1 where input1 is to be the larger, -1 elsewhere."""
    if not input1.ndim == input2.ndim == target.ndim:
        raise ShapeError(
            f"margin_ranking_loss: input1 {input1.shape}, input2 {input2.shape} and target {target.shape} "
            "must have the same number of axes"
        )
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


@in_single
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1."""
    near = where(target != -1, input, 0.0)
    return reduced(near + where(target != 1, (margin - input).clamp(min=0), 0.0), reduction)


@in_single
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, reduction: str = "mean"
) -> Tensor:
    """1 - cos of the angle between two vectors where the target is 1, max(0, cos - margin) where it is -1.

    input1, input2: [N, D], target [N]; or [D] and []
    """
    if input1.ndim not in (1, 2) or input2.ndim != input1.ndim or target.ndim != input1.ndim - 1:
        raise ShapeError(
            f"cosine_embedding_loss: inputs [N, D] and target [N], or [D] and [], are needed, not "
            f"{input1.shape}, {input2.shape} and {target.shape}"
        )
    tiny = 1e-12  # PyTorch's; under the root, so that vectors of zeros have a gradient
    product = (input1 * input2).sum(-1)
    cosine = product / (((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)).sqrt()
    apart = (cosine - margin).clamp(min=0)
    losses = where(target == 1, 1 - cosine, 0.0) + where(target == -1, apart, 0.0)
    return reduced(losses, reduction)


@in_single
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum over the other classes of max(0, margin - x[target] + x[class])^p, divided by C.

    input: [N, C] or [C]; target: [N] or [] int64; p: 1 or 2; weight: [C], of each target class
    Returns [] or, for "none", [N] or [].
    """
    check_reduction(reduction)
    if p not in (1, 2):
        raise EngineError(f"multi_margin_loss: p must be 1 or 2, not {p}")
    rows, classes = _rows("multi_margin_loss", input, target), target.reshape(-1)
    if target.ndim > 1 or classes.shape != rows.shape[:1]:
        raise ShapeError(
            f"multi_margin_loss: one target class is needed for each row, not {target.shape} for an input of "
            f"shape {input.shape}"
        )
    if weight is not None and weight.shape != rows.shape[1:]:
        raise ShapeError(
            f"multi_margin_loss: the weight {weight.shape} must have one element for each of the "
            f"{rows.shape[1]} classes"
        )
    right = rows.gather(1, classes.unsqueeze(1))
    terms = (rows - right + margin).clamp(min=0)
    terms = terms * terms if p == 2 else terms
    if weight is not None:
        terms = terms * weight[classes].unsqueeze(1)
    other = arange(rows.shape[1], device=rows.device) != classes.unsqueeze(1)
    losses = where(other, terms, 0.0).sum(1) / rows.shape[1]
    return reduced(losses if input.ndim == 2 else losses[0], reduction)


@in_single
def multilabel_margin_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The sum over target and other classes of max(0, 1 - x[target] + x[other]), divided by C.

    input: [N, C] or [C]; target: the same shape, int64, target classes first and -1 after the last of them
    Returns [] or, for "none", [N] or [].
    """
    check_reduction(reduction)
    if input.shape != target.shape:
        raise ShapeError(
            f"multilabel_margin_loss: input {input.shape} and target {target.shape} must have the same "
            "shape; fill the target up with -1"
        )
    rows = _rows("multilabel_margin_loss", input, target)
    labels = target.reshape(rows.shape)
    counts = (labels >= 0).long().cumprod(1) == 1
    labels = where(counts, labels, 0)
    classes = arange(rows.shape[1], device=rows.device)
    # [N, target position, class]
    is_target = ((labels.unsqueeze(2) == classes) & counts.unsqueeze(2)).any(1)
    pairs = (1 - rows.gather(1, labels).unsqueeze(2) + rows.unsqueeze(1)).clamp(min=0)
    taken = counts.unsqueeze(2) & ~is_target.unsqueeze(1)
    losses = where(taken, pairs, 0.0).sum((1, 2)) / rows.shape[1]
    return reduced(losses if input.ndim == 2 else losses[0], reduction)


def _rows(name: str, input: Tensor, target: Tensor) -> Tensor:
    """input as [N, C], after a look at both."""
    if target.dtype is not int64:
        raise DTypeError(
            f"{name}: class targets must be int64, not {target.dtype}; convert them with .long()"
        )
    if input.ndim > 2 or (input.ndim and input.shape[-1] == 0):
        raise ShapeError(f"{name}: input [N, C] or [C] with at least one class is needed, not {input.shape}")
    return input.reshape(-1, input.shape[-1]) if input.ndim else input.reshape(1, 1)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """The mean over classes, the last axis, of the binary cross entropy of sigmoid(input) and target.

    input, target: [N, C] of 0 and 1; weight: [C]. Returns [] or, for "none", [N].
    """
    x, y = same_shape("multilabel_soft_margin_loss", input, target)
    losses = -(y * logsigmoid(x) + (1 - y) * logsigmoid(-x))
    if weight is not None:
        losses = losses * weight
    return reduced(losses.mean(-1), reduction)


@in_single
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + |anchor - positive| - |anchor - negative|), by the p-norm (Balntas et al. 2016).

    anchor, positive, negative: [N, D] or [D]; swap: take |positive - negative| where it is smaller
    Returns [] or, for "none", [N].
    """

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return pairwise_distance(a, b, p, eps)

    return _triplet("triplet_margin_loss", distance, anchor, positive, negative, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Distance | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """triplet_margin_loss with a distance of your own: a function of two tensors [N, D] that gives [N]."""
    distance = distance_function or pairwise_distance
    name = "triplet_margin_with_distance_loss"
    return _triplet(name, distance, anchor, positive, negative, margin, swap, reduction)


def _triplet(
    name: str,
    distance: Distance,
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    check_reduction(reduction)
    if not margin > 0:
        raise EngineError(f"{name}: the margin must be above 0, not {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(
            f"{name}: anchor {anchor.shape}, positive {positive.shape} and negative {negative.shape} must "
            "have the same number of axes"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced((near - far + margin).clamp(min=0), reduction)
