"""One split of a dataset as two arrays, and the order in which an epoch visits it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError
from engine.spec.preparation import prepared, prepared_targets
from engine.tensor import Generator, Tensor
from engine.tensor.creation import from_numpy
from engine.tensor.random import randperm

Rows = NDArray[np.int64]
Array = NDArray[Any]

HELD_BYTES = 1 << 30  # samples are transformed once and held, up to this much
CHUNK = 4096  # samples transformed at once


class Split:
    """Samples of a split, ready to be cut into batches.

    inputs: [N, ...] as stored; targets: [N, ...], integers as class indices
    transforms: applied once to all samples where the result isn't too large to hold, else to each batch
    """

    def __init__(self, inputs: Array, targets: Array, transforms: Sequence[Any] = ()) -> None:
        if len(inputs) != len(targets):
            raise ShapeError(
                f"there are {len(inputs)} inputs and {len(targets)} targets; give one target for each input"
            )
        self.targets = np.ascontiguousarray(prepared_targets(targets))
        self._inputs = np.ascontiguousarray(inputs)
        self._transforms = list(transforms)
        if self._transforms and len(inputs):
            sample = prepared(self._transforms, self._inputs[:1])
            if sample.nbytes * len(inputs) <= HELD_BYTES:
                self._inputs = self._transformed(sample)
                self._transforms = []

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """The batch of these samples."""
        inputs = self._inputs.take(rows, axis=0)
        return self._tensor(inputs), from_numpy(self.targets.take(rows, axis=0))

    def span(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """The batch of neighbouring samples, which isn't copied."""
        return self._tensor(self._inputs[start:stop]), from_numpy(self.targets[start:stop])

    def _tensor(self, inputs: Array) -> Tensor:
        return from_numpy(prepared(self._transforms, inputs) if self._transforms else inputs)

    def _transformed(self, sample: Array) -> Array:
        """All inputs transformed, in pieces, so that no second copy of them is ever whole."""
        out = np.empty((len(self._inputs), *sample.shape[1:]), sample.dtype)
        for start in range(0, len(out), CHUNK):
            piece = self._inputs[start : start + CHUNK]
            out[start : start + len(piece)] = prepared(self._transforms, piece)
        return out


def epoch_order(samples: int, seed: int, epoch: int) -> Rows:
    """The permutation [samples] in which epoch `epoch` (from 0) visits the training split.

    Each epoch has a stream of its own under the job's seed, so that any epoch's order can be drawn without
    those before it: the loader's cursor is all that a resumed run needs. Stream 0 is left to the weights.
    """
    order: Rows = randperm(samples, generator=Generator(seed=seed, stream=1 + epoch)).numpy()
    return order
