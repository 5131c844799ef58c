"""Losses of class targets."""

from engine.autograd.tape import apply, apply_several
from engine.dtypes import int64
from engine.errors import DTypeError, EngineError, ShapeError
from engine.nn.functional.reduction import check_reduction, weighted
from engine.ops import losses as ops
from engine.tensor import Tensor
from engine.tensor.casting import in_single
from engine.tensor.reductions import log_softmax
from engine.tensor.shapes import movedim

__all__ = ["cross_entropy", "nll_loss"]


def _rows(input: Tensor, target: Tensor, name: str) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """Classes last and everything else flat: [M, C], targets [M], and the shape of the targets."""
    given, classes = input._data.shape, target._data.shape
    if len(given) == 2 and classes == given[:1] and target.dtype is int64:
        return input, target, classes
    if target.dtype is not int64:
        raise DTypeError(
            f"{name}: class targets must be int64, not {target.dtype}; convert them with .long()"
        )
    if input.ndim == 0 or (
        (*input.shape[:1], *input.shape[2:]) != target.shape[: input.ndim] and input.ndim > 1
    ):
        fitting = (*input.shape[:1], *input.shape[2:])
        lead = target.ndim == input.ndim and target.shape[1] == 1 and target.squeeze(1).shape == fitting
        raise ShapeError(
            f"{name}: input {input.shape} and target {target.shape} don't fit; the target has the input's "
            f"axes without the second, which holds the classes{'; squeeze(1) the target' if lead else ''}"
        )
    if input.ndim == 1:
        if target.shape != ():
            raise ShapeError(
                f"{name}: for one sample of shape {input.shape} the target is one class, not {target.shape}"
            )
        return input.reshape(1, -1), target.reshape(1), ()
    return movedim(input, 1, -1).reshape(-1, input.shape[1]), target.reshape(-1), target.shape


def _check_weight(name: str, weight: Tensor, input: Tensor, classes: int) -> None:
    if weight.shape != (classes,):
        raise ShapeError(
            f"{name}: the weight has shape {weight.shape}; it must have one element for each "
            f"of {classes} classes"
        )
    if weight.dtype is not input.dtype:
        raise DTypeError(
            f"{name}: the weight is {weight.dtype} and the input {input.dtype}; convert it with "
            f".to({input.dtype})"
        )


@in_single
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
    check_reduction(reduction)
    rows, classes, shape = _rows(input, target, "nll_loss")
    if weight is None:
        out = apply(ops.NLL, (rows, classes), (ignore_index, reduction))
    else:
        _check_weight("nll_loss", weight, rows, rows.shape[1])
        kept = classes != ignore_index
        weights = weight[classes.where(kept, 0)] * kept
        losses = apply(ops.NLL, (rows, classes), (ignore_index, "none")) * weights
        out = weighted(losses, weights, reduction)
    return out.reshape(shape) if reduction == "none" else out


@in_single
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
    check_reduction(reduction)
    if not 0 <= label_smoothing <= 1:
        raise EngineError(f"cross_entropy: label_smoothing must be in [0, 1], not {label_smoothing}")
    if target.is_floating_point():
        if ignore_index >= 0:
            raise EngineError(
                f"cross_entropy: probabilities have no class {ignore_index} to ignore; leave ignore_index out"
            )
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
    _check_weight("cross_entropy", weight, rows, rows.shape[1])
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
            f"cross_entropy: a target of {target.dtype} holds probabilities, and with shape "
            f"{target.shape} it "
            f"doesn't have the input's shape {input.shape}; classes are int64, convert them with .long()"
        )
    axis = min(1, input.ndim - 1)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[axis]
    terms = log_softmax(input, axis) * target
    if weight is not None:
        _check_weight("cross_entropy", weight, input, input.shape[axis])
        terms = terms * weight.reshape([-1 if k == axis else 1 for k in range(input.ndim)])
    losses = -terms.sum(axis)
    if reduction == "none":
        return losses
    total = losses.sum()
    return total / max(losses.numel(), 1) if reduction == "mean" else total
