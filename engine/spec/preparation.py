"""From stored samples to what a model takes: a job's transforms, applied to whole batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tensor import Tensor
from engine.vision.transforms.compose import whole_batch

Array = NDArray[Any]


def applied(transform: Any, samples: Any) -> Any:
    """One transform of samples [N, ...], an array or a tensor; gives the one or the other."""
    at_once = whole_batch(transform)
    return np.stack([as_array(transform(one)) for one in samples]) if at_once is None else at_once(samples)


def prepared(transforms: Sequence[Any], samples: Array) -> Array:
    """Samples [N, ...] after all transforms, as one array [N, ...]; `samples` itself where there are none."""
    value: Any = samples
    for transform in transforms:
        value = applied(transform, value)
    return as_array(value)


def prepared_targets(targets: Array) -> Array:
    """Targets [N, ...] as losses take them: class indices of any integer type as int64."""
    return targets.astype(np.int64, copy=False) if targets.dtype.kind in "iu" else targets


def as_array(value: Any) -> Array:
    """What a transform gives, as an array."""
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
