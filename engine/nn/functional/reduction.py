"""What losses share: the reduction, and operands of equal shape."""

from typing import Literal, get_args

from engine.errors import ShapeError
from engine.tensor import Tensor
from engine.tensor.promotion import pair

Reduction = Literal["mean", "sum", "none"]
_REDUCTIONS = get_args(Reduction)


def check_reduction(reduction: str) -> None:
    if reduction not in _REDUCTIONS:
        raise ShapeError(f"reduction must be one of {', '.join(_REDUCTIONS)}, not {reduction!r}")


def weighted(losses: Tensor, weights: Tensor, reduction: str) -> Tensor:
    """Reduce losses that were multiplied by weights: the mean is over the weights, not the rows."""
    if reduction == "none":
        return losses
    return losses.sum() / weights.sum() if reduction == "mean" else losses.sum()


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The mean over all elements, their sum, or the losses as they are."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def same_shape(name: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    # PyTorch broadcasts here with a warning; that is nearly always [N] against [N, 1], and a wrong result
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: input {input.shape} and target {target.shape} must have the same shape; "
            "reshape, squeeze or expand one of them"
        )
    return pair(input, target)
