"""Drawing from distributions that other draws make: categories, normals of given means and deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import DTypeError, ShapeError
from engine.tensor.counting import searchsorted
from engine.tensor.orders import topk
from engine.tensor.random import Generator, rand, rand_like, randn
from engine.tensor.reductions import cumsum
from engine.tensor.shapes import broadcast_to

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = ["multinomial", "normal"]


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Categories drawn with odds in proportion to the weights.

    input: [C] or [N, C] float, weights of the categories: not negative, and not all 0
    num_samples: of each row; without replacement at most as many as there are weights above 0
    Returns int64 [num_samples] or [N, num_samples].
    Raises ShapeError for other shapes, or where a row has too little to draw from.
    """
    if not input.is_floating_point():
        raise DTypeError(f"multinomial: the weights must be floating-point, not {input.dtype}")
    if input.ndim not in (1, 2) or input.shape[-1] == 0:
        raise ShapeError(f"multinomial takes weights [C] or [N, C], not shape {tuple(input.shape)}")
    if num_samples < 1:
        raise ShapeError(f"multinomial: num_samples must be at least 1, not {num_samples}")
    weights = input.detach()
    if not bool(((weights >= 0) & weights.isfinite()).all()):
        raise ShapeError("multinomial: the weights must be finite and not negative")
    possible = int((weights > 0).sum(-1).min()) if weights.numel() else input.shape[-1]
    if possible < (1 if replacement else num_samples):
        detail = "" if replacement else f", too few for {num_samples} samples without replacement"
        raise ShapeError(f"multinomial: a row has {possible} weights above 0{detail}")
    if not replacement:
        # the k first arrivals, where category c arrives at the rate of its weight (Efraimidis, 2006)
        arrivals = -(1 - rand_like(weights, generator=generator)).log()
        return topk(weights / arrivals.clamp(min=1e-30), num_samples, -1)[1]
    levels = cumsum(weights.double(), -1)
    total = levels[..., -1:]
    shape = (*input.shape[:-1], num_samples)
    drawn = rand(shape, dtype=levels.dtype, device=input.device, generator=generator) * total
    # the first category whose level lies above; one of weight 0 lies at the level before it
    return searchsorted(levels, drawn, right=True).clamp(max=input.shape[-1] - 1)


def normal(
    mean: Tensor | float,
    std: Tensor | float = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers.

    mean, std: one number each with a `size`, or tensors that broadcast and give the shape
    Raises ShapeError for a negative std, or where neither says a shape.
    """
    tensors = [value for value in (mean, std) if not isinstance(value, int | float)]
    if not tensors and size is None:
        raise ShapeError("normal: give a size, or mean or std as a tensor")
    if isinstance(std, int | float) and std < 0:
        raise ShapeError(f"normal: std must be at least 0, not {std}")
    if not tensors:
        return randn(size, generator=generator) * std + mean
    if size is not None:
        raise ShapeError("normal: the tensors give the shape; leave the size out")
    like: Any = tensors[0] if len(tensors) == 1 else tensors[0] + tensors[1]
    drawn = randn(like.shape, dtype=like.dtype, device=like.device, generator=generator)
    return drawn * (std if isinstance(std, int | float) else broadcast_to(std, like.shape)) + mean
