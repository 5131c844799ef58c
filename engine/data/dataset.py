"""Datasets: something with a length that gives samples by index, and where it can, whole batches."""

from collections.abc import Iterator, Sequence
from types import GenericAlias
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from engine.errors import IndexError_, ShapeError
from engine.tensor import Generator, Tensor
from engine.tensor.random import randperm

Indices = npt.NDArray[np.int64]


class Dataset:
    """The base of datasets that give one sample at a time. Subclasses define both methods."""

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __add__(self, other: Any) -> "Dataset":
        return ConcatDataset([self, other])

    # scripts say what a sample is: class Names(Dataset[str])
    __class_getitem__: Any = classmethod(GenericAlias)


class IterableDataset(Dataset):
    """The base of datasets that only give one sample after the other, without numbers. Subclasses define
    __iter__, and may define __len__."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def __add__(self, other: Any) -> "Dataset":
        return ChainDataset([self, other])

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} has no length: it gives samples until they end")


class ChainDataset(IterableDataset):
    """One stream of samples after the other."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)


@runtime_checkable
class Batched(Protocol):
    """A dataset that can give a whole batch at once.

    fetch(indices): int64 [N] to the same batch that collating the N samples would make, or None where that
    can't be done at once after all (the loader then collates).
    """

    def fetch(self, indices: Indices) -> Any: ...


class TensorDataset(Dataset):
    """Samples are the tensors' slices along their first axes, which must be equally long."""

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ShapeError("TensorDataset needs at least one tensor")
        if any(t.shape[:1] != tensors[0].shape[:1] or not t.ndim for t in tensors):
            shapes = ", ".join(f"{t.shape}" for t in tensors)
            raise ShapeError(
                f"the tensors of a TensorDataset must have equally long first axes, and are {shapes}"
            )
        self.tensors = tensors

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].shape[0])

    def fetch(self, indices: Indices) -> tuple[Tensor, ...]:
        return tuple(t[indices] for t in self.tensors)


class Subset(Dataset):
    """The samples of another dataset at the given indices."""

    def __init__(self, dataset: Any, indices: Sequence[int] | Indices) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices, np.int64)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    def __len__(self) -> int:
        return len(self.indices)

    def fetch(self, indices: Indices) -> Any:
        return self.dataset.fetch(self.indices[indices]) if isinstance(self.dataset, Batched) else None


class ConcatDataset(Dataset):
    """One dataset after the other."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)
        self.ends = np.cumsum([len(d) for d in self.datasets])

    @property
    def cumulative_sizes(self) -> list[int]:
        """Where each dataset ends."""
        return [int(end) for end in self.ends]

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError_(f"index {index} is out of range for {len(self)} samples")
        index %= len(self)
        which = int(np.searchsorted(self.ends, index, side="right"))
        return self.datasets[which][index - (int(self.ends[which - 1]) if which else 0)]

    def __len__(self) -> int:
        return int(self.ends[-1]) if self.datasets else 0


class StackDataset(Dataset):
    """Samples of equally long datasets side by side, as a tuple, or as a dict if they are given by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ShapeError("StackDataset takes datasets either one after the other or by name")
        self.datasets: Any = kwargs or args
        lengths = [len(dataset) for dataset in (kwargs.values() if kwargs else args)]
        if len(set(lengths)) > 1:
            raise ShapeError(
                f"the datasets of a StackDataset must be equally long, and have {lengths} samples"
            )
        self._length = lengths[0]

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __len__(self) -> int:
        return self._length


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset]:
    """Disjoint random subsets, of lengths that add up to the dataset's, or of shares that add up to 1."""
    total = len(dataset)
    sizes = [int(n) for n in lengths]
    if abs(sum(lengths) - 1) < 1e-9 and all(0 <= n <= 1 for n in lengths):
        sizes = [int(total * share) for share in lengths]
        for k in range(total - sum(sizes)):  # what rounding left over, one each from the front
            sizes[k % len(sizes)] += 1
    if sum(sizes) != total:
        raise ShapeError(
            f"lengths {list(lengths)} add up to {sum(sizes)}, and the dataset has {total} samples"
        )
    order = randperm(total, generator=generator).numpy()
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, ends, strict=True)]
