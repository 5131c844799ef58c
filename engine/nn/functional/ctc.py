"""The loss of sequences whose alignment isn't known."""

from collections.abc import Sequence

from engine.autograd.tape import apply_several
from engine.dtypes import int64
from engine.errors import DTypeError, IndexError_, ShapeError
from engine.nn.functional.reduction import check_reduction
from engine.ops.ctc import CTC
from engine.tensor import Tensor
from engine.tensor.casting import in_single
from engine.tensor.creation import arange, tensor

__all__ = ["ctc_loss"]

Lengths = Tensor | Sequence[int]


@in_single
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-probability of the targets, summed over every alignment (Graves et al. 2006).

    log_probs: [T, N, C] or [T, C], from log_softmax over C: the gradient supposes it, as PyTorch's does
    targets: [N, S] with what lies beyond a target's length ignored, or [sum of the lengths], one after the
        other; int64 or int32 classes other than blank
    input_lengths, target_lengths: [N] (or [] for one sample) integers: steps of each sample, classes of each
        target
    blank: the class that stands for nothing
    zero_infinity: count targets that are too long for their input as 0, without gradient, instead of inf
    Returns [N] (or []) for "none", else []; "mean" divides each loss by its target's length (at least 1) and
    averages over the batch.
    """
    check_reduction(reduction)
    if not log_probs.is_floating_point():
        raise DTypeError(f"ctc_loss: log_probs must be floating-point, not {log_probs.dtype}")
    if targets.is_floating_point():
        raise DTypeError(f"ctc_loss: targets must be integers, not {targets.dtype}")
    if log_probs.ndim not in (2, 3):
        raise ShapeError(f"ctc_loss: log_probs must be [T, N, C] or [T, C], not {log_probs.shape}")
    batched = log_probs.ndim == 3
    scores = log_probs if batched else log_probs.unsqueeze(1)
    steps, samples, classes = scores.shape
    if not 0 <= blank < classes:
        raise IndexError_(f"ctc_loss: blank is {blank}; with {classes} classes it must be in [0, {classes})")
    inputs = _lengths("input_lengths", input_lengths, samples, scores)
    sizes = _lengths("target_lengths", target_lengths, samples, scores)
    if targets.ndim == 1 and batched:
        padded = _padded(targets.to(int64), sizes)
    else:
        padded = targets.to(int64).reshape(samples, -1) if targets.ndim == 1 else targets.to(int64)
    if padded.ndim != 2 or padded.shape[0] != samples:
        raise ShapeError(
            f"ctc_loss: targets {targets.shape} don't fit log_probs {log_probs.shape}; give [N, S] or all "
            "targets one after the other"
        )
    _check_lengths("input_lengths", inputs, steps, "steps in log_probs")
    _check_lengths("target_lengths", sizes, padded.shape[1], "classes in a row of targets")
    _check_classes(padded, sizes, classes)
    losses, _ = apply_several(CTC, (scores, padded, inputs, sizes), (blank, zero_infinity))
    if reduction == "mean":
        return (losses / sizes.clamp(min=1).to(losses.dtype)).mean()
    if reduction == "sum":
        return losses.sum()
    return losses if batched else losses[0]


def _lengths(name: str, lengths: Lengths, samples: int, like: Tensor) -> Tensor:
    given = lengths if isinstance(lengths, Tensor) else tensor(list(lengths), dtype=int64)
    if given.is_floating_point():
        raise DTypeError(f"ctc_loss: {name} must be integers, not {given.dtype}")
    if given.numel() != samples or given.ndim > 1:
        raise ShapeError(f"ctc_loss: {name} of shape {given.shape} must say one length for each of {samples}")
    return given.to(device=like.device, dtype=int64).reshape(samples)


def _padded(targets: Tensor, sizes: Tensor) -> Tensor:
    """Targets that follow each other as rows [N, S]."""
    longest, total = (int(sizes.max()), int(sizes.sum())) if sizes.numel() else (0, 0)
    if total != targets.shape[0]:
        raise ShapeError(
            f"ctc_loss: the target_lengths sum up to {total}, and there are {targets.shape[0]} targets"
        )
    if total == 0:
        return targets.new_zeros((sizes.shape[0], 0))
    starts = sizes.cumsum(0) - sizes
    index = starts.unsqueeze(1) + arange(longest, device=targets.device)
    return targets[index.clamp(max=total - 1)]


def _check_lengths(name: str, lengths: Tensor, limit: int, what: str) -> None:
    if lengths.device.type == "cpu" and lengths.numel():
        low, high = int(lengths.min()), int(lengths.max())
        if low < 0 or high > limit:
            raise ShapeError(
                f"ctc_loss: {name} has {high if high > limit else low}; a length must be at least 0 and, "
                f"with {limit} {what}, at most {limit}"
            )


def _check_classes(padded: Tensor, sizes: Tensor, classes: int) -> None:
    if padded.device.type != "cpu":
        return
    real = arange(padded.shape[1]) < sizes.unsqueeze(1)
    wrong = real & ((padded < 0) | (padded >= classes))
    if wrong.any():
        raise IndexError_(
            f"ctc_loss: the targets hold class {int(padded[wrong][0])}; with {classes} classes they must "
            f"be in [0, {classes})"
        )
