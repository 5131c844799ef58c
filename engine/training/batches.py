"""One split of a dataset as two arrays, and the order in which an epoch visits it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.transform import Draws, is_quick
from engine.errors import ShapeError
from engine.spec.preparation import as_array, draws_of, first_random, prepared, prepared_targets
from engine.tensor import Generator, Tensor
from engine.tensor.creation import from_numpy
from engine.tensor.random import randperm
from engine.training.held import Held

Rows = NDArray[np.int64]
Array = NDArray[Any]

HELD_BYTES = 1 << 30  # samples are transformed once and held, up to this much


class Split:
    """Samples of a split, ready to be cut into batches.

    inputs: [N, ...] as stored; targets: [N, ...], integers as class indices
    transforms: those that leave nothing to chance are applied once to each sample, up to the first random one
        and where the result isn't too large to hold; quick ones at the end, and all others, to each batch
    is_varied: batches are asked for with draws, for random transforms to vary the samples anew in each epoch;
        otherwise random transforms do what they do when measuring
    is_indexed: whether a batch is but rows of `sources`, and all the rest of its treatment is quick
    late_transforms: what is left to do with what `batch` gives
    sources: inputs and targets [N, ...], to be gathered from after `ensure`
    """

    def __init__(
        self, inputs: Array, targets: Array, transforms: Sequence[Any] = (), is_varied: bool = False
    ) -> None:
        if len(inputs) != len(targets):
            raise ShapeError(
                f"there are {len(inputs)} inputs and {len(targets)} targets; give one target for each input"
            )
        self.targets = np.ascontiguousarray(prepared_targets(targets))
        self._inputs = np.ascontiguousarray(inputs)
        self._transforms = list(transforms)
        self._holds_tensors = False  # what the transforms still to come are given
        self._held: Held | None = None
        early = first_random(transforms) if is_varied else len(transforms)
        while early and is_quick(self._transforms[early - 1]):
            early -= 1
        if early and len(inputs):
            sample = prepared(self._transforms[:early], self._inputs[:1])
            array = as_array(sample)
            if array.nbytes * len(inputs) <= HELD_BYTES:
                self._held = Held(self._inputs, self._transforms[:early], array)
                self._inputs = self._held.array
                self._holds_tensors = isinstance(sample, Tensor)
                self._transforms = self._transforms[early:]
        self._draws = draws_of(self._transforms) if is_varied else 0
        self.is_indexed = all(map(is_quick, self._transforms))
        self.late_transforms = self._transforms if self.is_indexed else []
        self.sources = from_numpy(self._inputs), from_numpy(self.targets)

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, rows: Rows, draws: Draws | None = None) -> tuple[Tensor, Tensor]:
        """The batch of these samples. draws: the epoch's; without them random transforms hold still."""
        self.ensure(rows)
        inputs = self._inputs.take(rows, axis=0)
        return self._tensor(inputs, rows, draws), from_numpy(self.targets.take(rows, axis=0))

    def span(self, start: int, stop: int, draws: Draws | None = None) -> tuple[Tensor, Tensor]:
        """The batch of neighbouring samples, which isn't copied."""
        self.ensure(slice(start, stop))
        inputs = self._inputs[start:stop]
        rows = np.arange(start, start + len(inputs))
        return self._tensor(inputs, rows, draws), from_numpy(self.targets[start:stop])

    def ensure(self, rows: Rows | slice) -> None:
        """Have these samples ready in `sources`."""
        if self._held is not None:
            self._held.ensure(rows)

    def batch(self, rows: Rows, draws: Draws | None = None) -> tuple[Tensor, Tensor]:
        """What `rows` gives, before `late_transforms`."""
        if not self.is_indexed:
            return self.rows(rows, draws)
        self.ensure(rows)
        return from_numpy(self._inputs.take(rows, axis=0)), from_numpy(self.targets.take(rows, axis=0))

    def _tensor(self, inputs: Array, rows: Rows, draws: Draws | None) -> Tensor:
        if not self._transforms:
            return from_numpy(inputs)
        u = draws(rows, self._draws) if draws is not None and self._draws else None
        samples: Any = from_numpy(inputs) if self._holds_tensors else inputs
        return from_numpy(as_array(prepared(self._transforms, samples, u)))


def epoch_order(samples: int, seed: int, epoch: int) -> Rows:
    """The permutation [samples] in which epoch `epoch` (from 0) visits the training split.

    Each epoch has a stream of its own under the job's seed, so that any epoch's order can be drawn without
    those before it: the loader's cursor is all that a resumed run needs. Stream 0 is left to the weights.
    """
    order: Rows = randperm(samples, generator=Generator(seed=seed, stream=1 + epoch)).numpy()
    return order
