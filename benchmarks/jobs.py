"""The job that the service's benchmarks train: a two-layer network on MNIST, or on the digits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

TRAIN_SAMPLES, TEST_SAMPLES = 60_000, 10_000


def job(epochs: int, dataset: str = "mnist") -> dict[str, Any]:
    side = {"mnist": 28, "digits": 8}[dataset]
    return {
        "model": {
            "name": "simplenet",
            "input": {"shape": [1, side, side], "dtype": "float32"},
            "layers": [
                {"type": "Flatten"},
                {"name": "fc1", "type": "Linear", "in_features": side * side, "out_features": 128},
                {"type": "ReLU"},
                {"name": "fc2", "type": "Linear", "in_features": 128, "out_features": 10},
            ],
        },
        "dataset": {"name": dataset},
        "transforms": [{"type": "ToTensor"}],
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD", "lr": 0.01},
        "epochs": epochs,
        "batch_size": 64,
        "shuffle": True,
        "seed": 0,
        "metrics": ["accuracy"],
    }


def random_split(samples: int, side: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Arrays of MNIST's shape and type: the speed of a step does not depend on what they show."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (samples, side, side), np.uint8)
    return images, generator.integers(0, 10, samples, np.int64)
