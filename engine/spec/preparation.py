"""From stored samples to what a model takes: a job's transforms, applied to whole batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.transform import Uniforms, is_random, split_draws, whole_batch
from engine.tensor import Tensor

Array = NDArray[Any]


def applied(transform: Any, samples: Any, u: Uniforms | None = None) -> Any:
    """One transform of samples [N, ...], an array or a tensor; gives the one or the other.

    u: float64 [N, draws] for a random one; without them it is as when measuring
    """
    if is_random(transform):
        return transform.still(samples) if u is None else transform.varied(samples, u)
    at_once = whole_batch(transform)
    return np.stack([as_array(transform(one)) for one in samples]) if at_once is None else at_once(samples)


def draws_of(transforms: Sequence[Any]) -> int:
    """How many uniform numbers each sample takes on its way through all transforms."""
    return sum(_counts(transforms))


def _counts(transforms: Sequence[Any]) -> list[int]:
    return [transform.draws if is_random(transform) else 0 for transform in transforms]


def prepared(transforms: Sequence[Any], samples: Any, u: Uniforms | None = None) -> Any:
    """Samples [N, ...] after all transforms, an array or a tensor; `samples` itself where there are none.

    u: float64 [N, draws_of(transforms)]; without them nothing is left to chance, as when measuring
    """
    value = samples
    parts = [None] * len(transforms) if u is None or not transforms else split_draws(u, _counts(transforms))
    for transform, part in zip(transforms, parts, strict=True):
        value = applied(transform, value, part)
    return value


def first_random(transforms: Sequence[Any]) -> int:
    """How many transforms from the front leave nothing to chance."""
    return next((k for k, transform in enumerate(transforms) if is_random(transform)), len(transforms))


def prepared_targets(targets: Array) -> Array:
    """Targets [N, ...] as losses take them: class indices of any integer type as int64."""
    return targets.astype(np.int64, copy=False) if targets.dtype.kind in "iu" else targets


def as_array(value: Any) -> Array:
    """What a transform gives, as an array."""
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
