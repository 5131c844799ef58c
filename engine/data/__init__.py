"""Datasets and loaders."""

from engine.data.collate import default_collate
from engine.data.dataset import Batched, ConcatDataset, Dataset, Subset, TensorDataset, random_split
from engine.data.loader import DataLoader
from engine.data.samplers import BatchSampler, RandomSampler, Sampler, SequentialSampler
from engine.data.transform import Draws, RandomTransform, Transform

__all__ = [
    "BatchSampler",
    "Batched",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Draws",
    "RandomSampler",
    "RandomTransform",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "Transform",
    "default_collate",
    "random_split",
]
