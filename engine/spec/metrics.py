"""What a job can ask to be measured beside the loss."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counter = Callable[[NDArray[Any], NDArray[Any]], float]


def accuracy(output: NDArray[Any], target: NDArray[Any]) -> float:
    """The share of samples whose largest output is that of their class.

    output: [N, C] or [N, C, d1, ...], one value a class
    target: [N] or [N, d1, ...], class indices
    Returns the sum over samples: dividing by N is the caller's, who may add batches first.
    """
    right = output.argmax(axis=1) == target
    return float(np.count_nonzero(right)) / max(math.prod(target.shape[1:]), 1)


# by the name that a job gives; each returns a sum over the samples
METRICS: dict[str, Counter] = {"accuracy": accuracy}
