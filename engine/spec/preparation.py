"""From stored samples to what a model takes: a job's transforms, applied to whole batches."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec.catalogue import TRANSFORMS
from engine.tensor import Tensor
from engine.vision.transforms.compose import whole_batch

Array = NDArray[Any]


def build_transform(document: dict[str, Any]) -> Any:
    """The transform that a checked entry of a job's `transforms` names."""
    entry = TRANSFORMS[document["type"]]
    return entry.make(
        {name: a.read(document[name]) for name, a in entry.arguments.items() if name in document}
    )


def prepared(transforms: Sequence[Any], samples: Array) -> Array:
    """Samples [N, ...] after all transforms, as one array [N, ...]; `samples` itself where there are none."""
    value: Any = samples
    for transform in transforms:
        at_once = whole_batch(transform)
        value = at_once(value) if at_once is not None else np.stack([_array(transform(one)) for one in value])
    return _array(value)


def prepared_targets(targets: Array) -> Array:
    """Targets [N, ...] as losses take them: class indices of any integer type as int64."""
    return targets.astype(np.int64, copy=False) if targets.dtype.kind in "iu" else targets


def _array(value: Any) -> Array:
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
