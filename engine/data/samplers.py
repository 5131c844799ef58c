"""In which order a dataset is visited."""

from collections.abc import Iterator, Sequence
from itertools import islice
from types import GenericAlias
from typing import Any

import numpy as np

from engine.data.dataset import Indices
from engine.dtypes import float64
from engine.errors import ShapeError
from engine.tensor import Generator
from engine.tensor import random as _random
from engine.tensor.creation import as_tensor
from engine.tensor.draws import multinomial
from engine.tensor.random import randint, randperm


class Sampler:
    """Gives the indices of one pass over a dataset. Subclasses define __iter__ or order(), and may define
    __len__."""

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[int]:
        return iter(self.order().tolist())

    def __len__(self) -> int:
        raise NotImplementedError

    __class_getitem__: Any = classmethod(GenericAlias)

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


class Drawing(Sampler):
    """What draws its order from a generator, which can be put back to draw it again."""

    generator: Generator | None

    @property
    def source(self) -> Generator:
        """The generator that the next pass draws from."""
        return self.generator or _random.default_generator


class RandomSampler(Drawing):
    """Shuffled; `num_samples` of them, shuffled anew when all have been given; or drawn with replacement."""

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
        if num_samples is not None and num_samples <= 0:
            raise ShapeError(f"RandomSampler: num_samples must be positive, not {num_samples}")
        if self.num_samples and not len(data_source):
            raise ShapeError(f"{self.num_samples} samples can't be drawn from none")

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> Indices:
        count = len(self.data_source)
        if self.replacement:
            return randint(count, size=(self.num_samples,), generator=self.source).numpy()
        # at least one permutation, so that a pass over nothing draws as any other
        passes = max(1, -(-self.num_samples // max(1, count)))
        orders = [randperm(count, generator=self.source).numpy() for _ in range(passes)]
        return np.concatenate(orders)[: self.num_samples]


class SubsetRandomSampler(Drawing):
    """The given indices, shuffled."""

    def __init__(self, indices: Sequence[int] | Indices, generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __len__(self) -> int:
        return len(self.indices)

    def order(self) -> Indices:
        order = randperm(len(self.indices), generator=self.source).numpy()
        return np.asarray(self.indices, np.int64).take(order)


class WeightedRandomSampler(Drawing):
    """`num_samples` indices, each drawn as often as its weight says.

    weights: [N], not negative; they needn't add up to 1
    replacement: False draws each index at most once
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if num_samples <= 0:
            raise ShapeError(f"WeightedRandomSampler: num_samples must be positive, not {num_samples}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ShapeError(
                f"WeightedRandomSampler: weights must be one number per sample, and are {self.weights.shape}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> Indices:
        return multinomial(self.weights, self.num_samples, self.replacement, generator=self.source).numpy()


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
        sampler, size = self.sampler, self.batch_size
        if isinstance(sampler, Sampler) and type(sampler).__iter__ is Sampler.__iter__:
            order = sampler.order()
            for start in range(0, len(order) - (size - 1 if self.drop_last else 0), size):
                yield order[start : start + size]
            return
        given = iter(sampler)  # by its own pace: it may never end
        while group := list(islice(given, size)):
            if len(group) == size or not self.drop_last:
                yield np.asarray(group, np.int64)

    def __len__(self) -> int:
        count = len(self.sampler)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
