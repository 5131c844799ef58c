"""Batches of a dataset, in a seeded order that can be picked up again in the middle."""

from collections.abc import Callable, Iterator
from itertools import islice
from types import GenericAlias
from typing import Any

import numpy as np

from engine.data.collate import default_collate, default_convert
from engine.data.dataset import Batched, IterableDataset
from engine.data.samplers import BatchSampler, Drawing, RandomSampler, SequentialSampler
from engine.errors import CheckpointError, EngineError
from engine.tensor import Generator
from engine.tensor.creation import tensor


class DataLoader:
    """Iterates over a dataset in batches. A dataset that can `fetch` gives each batch in one piece.

    batch_size: None gives single samples
    shuffle: a new order in every pass; not for an IterableDataset, which has its own
    collate_fn: makes a batch of a list of samples; of each single sample where batch_size is None
    generator: what shuffles; the global generator unless given
    num_workers, pin_memory, pin_memory_device, timeout, worker_init_fn, multiprocessing_context,
    prefetch_factor, persistent_workers and in_order are taken for PyTorch's sake and change nothing: batches
    are made in this process, in order.
    """

    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if (shuffle and sampler is not None) or (
            batch_sampler is not None and (sampler is not None or drop_last)
        ):
            raise EngineError("give either shuffle, a sampler or a batch_sampler; they say the same thing")
        if isinstance(dataset, IterableDataset) and (
            shuffle or sampler is not None or batch_sampler is not None
        ):
            raise EngineError(
                "an IterableDataset gives its samples in its own order: shuffle there, and leave out "
                "shuffle, sampler and batch_sampler"
            )
        self.dataset = dataset
        self.batch_size = batch_size if batch_sampler is None else None
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (default_convert if self.batch_size is None else default_collate)
        # a collate_fn of the user's own wants to see the samples
        self._whole = collate_fn is None and isinstance(dataset, Batched)
        self.generator = generator
        if isinstance(dataset, IterableDataset):
            sampler = None
        elif sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        self.sampler = sampler
        if batch_sampler is None and batch_size is not None and sampler is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_sampler = batch_sampler
        self._start: list[int] | None = None  # the generator before this pass was shuffled
        self._given = 0
        self._resume: tuple[list[int] | None, int] | None = None

    def __len__(self) -> int:
        if self.sampler is None:
            count, size = len(self.dataset), self.batch_size or 1
            return count // size if self.drop_last else -(-count // size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __iter__(self) -> Iterator[Any]:
        skip = 0
        source = self._source()
        after: list[int] | None = None
        if self._resume is not None:
            start, skip = self._resume
            self._resume = None
            if source is not None and start is not None:
                # draw this pass's order once more, then let the generator go on from where it is
                after = source.get_state().tolist()
                source.set_state(tensor(start))
        self._start = None if source is None else source.get_state().tolist()
        batches = self._index_batches()
        first = next(batches, None)  # draws the order
        if source is not None and after is not None:
            source.set_state(tensor(after))
        self._given = 0
        while first is not None:
            if self._given >= skip:
                batch = self._batch(first)
                self._given += 1
                yield batch
            else:
                self._given += 1
            first = next(batches, None)
        self._start, self._given = None, 0

    def state_dict(self) -> dict[str, Any]:
        """Where the running pass is: the generator's state before it was shuffled, and the batches given."""
        return {"generator": self._start, "batches": self._given}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next pass be the rest of the one in which state_dict() was taken."""
        # a stream ends where it ends
        if self.sampler is not None and not 0 <= state_dict["batches"] <= len(self):
            raise CheckpointError(
                f"the saved pass is at batch {state_dict['batches']}, and there are {len(self)}"
            )
        self._resume = (state_dict["generator"], int(state_dict["batches"]))

    def _source(self) -> Generator | None:
        return self.sampler.source if isinstance(self.sampler, Drawing) else None

    def _index_batches(self) -> Iterator[Any]:
        """For each batch its indices; its samples where the dataset has no indices."""
        if self.sampler is None:
            return self._streamed()
        if self.batch_sampler is None:
            return iter(self.sampler)
        if isinstance(self.batch_sampler, BatchSampler):
            return self.batch_sampler.batches()
        return iter(self.batch_sampler)

    def _streamed(self) -> Iterator[Any]:
        given = iter(self.dataset)
        if self.batch_size is None:
            yield from given
            return
        while samples := list(islice(given, self.batch_size)):
            if len(samples) == self.batch_size or not self.drop_last:
                yield samples

    def _batch(self, indices: Any) -> Any:
        if self.sampler is None:
            return self.collate_fn(indices)
        if self.batch_sampler is None:
            return self.collate_fn(self.dataset[indices])
        if self._whole:
            batch = self.dataset.fetch(np.asarray(indices, np.int64))
            if batch is not None:
                return list(batch) if isinstance(batch, tuple) else batch
        return self.collate_fn([self.dataset[int(k)] for k in indices])
