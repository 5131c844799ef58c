"""A small task that can be learned in a second, with everything that a resumed run could get wrong."""

from copy import deepcopy

import numpy as np
import pytest

LAYERS = [
    {"type": "Flatten"},
    {"name": "fc1", "type": "Linear", "out_features": 16},
    {"type": "ReLU"},
    {"type": "Dropout", "p": 0.25},
    {"name": "fc2", "type": "Linear", "out_features": 3},
]
MODEL = {"name": "small", "input": {"shape": [1, 4, 4], "dtype": "float32"}, "layers": LAYERS}
JOB = {
    "transforms": [{"type": "ToTensor"}, {"type": "Normalize", "mean": [0.5], "std": [0.25]}],
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.9},
    "epochs": 3,
    "batch_size": 8,
    "shuffle": True,
    "seed": 7,
    "metrics": ["accuracy"],
    "evaluate": {"split": "test", "every": "epoch"},
}


def blobs(count, seed):
    """Images uint8 [count, 4, 4] of three classes, told apart by which of their rows is bright."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, 3, count)
    targets[:3] = [0, 1, 2]
    images = random.integers(0, 128, (count, 4, 4))
    images[np.arange(count), targets] += 100
    return images.astype(np.uint8), targets


@pytest.fixture
def model():
    return deepcopy(MODEL)


@pytest.fixture
def job():
    return deepcopy(JOB)


@pytest.fixture
def splits():
    """45 samples make 6 batches of 8, the last of 5."""
    return {"train": blobs(45, 0), "test": blobs(20, 1)}
