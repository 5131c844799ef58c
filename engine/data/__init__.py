"""Datasets and loaders."""

from engine.data.collate import default_collate, default_convert
from engine.data.dataset import (
    Batched,
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from engine.data.loader import DataLoader
from engine.data.samplers import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from engine.data.transform import Draws, RandomTransform, Transform

__all__ = [
    "BatchSampler",
    "Batched",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Draws",
    "IterableDataset",
    "RandomSampler",
    "RandomTransform",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "Transform",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "random_split",
]
