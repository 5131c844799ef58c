"""Datasets and loaders."""

from engine.data.collate import default_collate
from engine.data.dataset import Batched, ConcatDataset, Dataset, Subset, TensorDataset, random_split
from engine.data.loader import DataLoader
from engine.data.samplers import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "BatchSampler",
    "Batched",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
    "random_split",
]
