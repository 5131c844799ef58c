"""In which order a dataset is visited."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine.data.dataset import Indices
from engine.errors import ShapeError
from engine.tensor import Generator
from engine.tensor import random as _random
from engine.tensor.random import randint, randperm


class Sampler:
    """Gives the indices of one pass over a dataset."""

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())

    def __len__(self) -> int:
        raise NotImplementedError

    def order(self) -> Indices:
        """All indices of one pass, int64 [N]."""
        return np.fromiter(iter(self), np.int64)


class SequentialSampler(Sampler):
    """From the first to the last."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def order(self) -> Indices:
        return np.arange(len(self.data_source), dtype=np.int64)


class RandomSampler(Sampler):
    """Shuffled; or `num_samples` drawn with replacement."""

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self.num_samples = len(data_source) if num_samples is None else num_samples
        self.generator = generator
        if not replacement and self.num_samples > len(data_source):
            raise ShapeError(f"{self.num_samples} different samples can't be drawn from {len(data_source)}")

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> Indices:
        count = len(self.data_source)
        if self.replacement:
            return randint(count, size=(self.num_samples,), generator=self.source).numpy()
        return randperm(count, generator=self.source).numpy()[: self.num_samples]

    @property
    def source(self) -> Generator:
        """The generator that the next pass draws from."""
        return self.generator or _random.default_generator


class BatchSampler:
    """Groups the indices of a sampler."""

    def __init__(self, sampler: Sampler | Sequence[int], batch_size: int, drop_last: bool) -> None:
        if batch_size <= 0:
            raise ShapeError(f"batch_size must be positive, not {batch_size}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self.batches():
            yield batch.tolist()

    def batches(self) -> Iterator[Indices]:
        """The groups of one pass as arrays."""
        sampler = self.sampler
        order = sampler.order() if isinstance(sampler, Sampler) else np.fromiter(iter(sampler), np.int64)
        for k in range(len(self)):
            yield order[k * self.batch_size : (k + 1) * self.batch_size]

    def __len__(self) -> int:
        count = len(self.sampler)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
