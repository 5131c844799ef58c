"""A network to train, with the batches, first weights and optimizer that all sides are given alike."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Batch = tuple[NDArray[Any], ...]
BATCHES = 4


@dataclass(frozen=True)
class Workload:
    """The network's docstring says what it is.

    network: makes the module from a framework, ours or PyTorch
    batch: draws the network's inputs and, last, the classes that it should give
    optimizer: its name in `optim`, and its arguments
    images: the inputs are [N, C, H, W], so that their memory may be laid out channels last
    """

    name: str
    network: Callable[[Any], Any]
    batch: Callable[[np.random.Generator], Batch]
    optimizer: str = "SGD"
    arguments: Mapping[str, Any] = field(default_factory=lambda: {"lr": 0.01})
    images: bool = False

    @property
    def text(self) -> str:
        return (self.network.__doc__ or "").rstrip(".")


def batches(workload: Workload) -> list[Batch]:
    """Some that are trained on in turn, the same for every side."""
    generator = np.random.default_rng(0)
    return [workload.batch(generator) for _ in range(BATCHES)]


def initial_weights(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The same weights for every side: uniform within 1/sqrt(fan in); biases are 0, scales of norms 1.

    One after the other and in float32: what is drawn all at once, or in float64, can be more than all that
    training ever holds, and be measured in its place.
    """
    generator = np.random.default_rng(1)
    for name, shape in shapes.items():
        if len(shape) > 1:
            weight = generator.random(shape, np.float32)
            weight -= np.float32(0.5)
            weight *= np.float32(2 / math.sqrt(math.prod(shape[1:])))
            yield name, weight
        else:
            yield name, np.full(shape, 0 if "bias" in name else 1, np.float32)
