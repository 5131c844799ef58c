"""The documents of the design page, fresh for each test."""

from copy import deepcopy

import pytest

from engine.spec import DatasetSchema

SIMPLENET = {
    "name": "simplenet",
    "input": {"shape": [1, 28, 28], "dtype": "float32"},
    "layers": [
        {"type": "Flatten"},
        {"name": "fc1", "type": "Linear", "in_features": 784, "out_features": 128},
        {"type": "ReLU"},
        {"name": "fc2", "type": "Linear", "in_features": 128, "out_features": 10},
    ],
}
GRAPH = {
    "input": {"shape": [16]},
    "blocks": {
        "res": {
            "nodes": [
                {"name": "fc", "type": "Linear", "inputs": ["input"], "out_features": 16},
                {"name": "sum", "type": "add", "inputs": ["fc", "input"]},
            ]
        }
    },
    "nodes": [
        {"name": "body", "type": "res", "inputs": ["input"], "repeat": 3},
        {"name": "both", "type": "cat", "inputs": ["body", "input"], "dim": 1},
        {"name": "head", "type": "Linear", "inputs": ["both"], "out_features": 10},
    ],
}
JOB = {
    "dataset": {"name": "mnist"},
    "transforms": [{"type": "ToTensor"}],
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.01},
    "epochs": 10,
    "batch_size": 64,
    "shuffle": True,
    "seed": 0,
    "metrics": ["accuracy"],
    "evaluate": {"split": "test", "every": "epoch"},
    "checkpoint": {"every_steps": 1000, "keep": 2},
    "device": "auto",
}


@pytest.fixture
def simplenet():
    return deepcopy(SIMPLENET)


@pytest.fixture
def graph():
    return deepcopy(GRAPH)


@pytest.fixture
def job():
    return deepcopy(JOB)


@pytest.fixture
def mnist():
    return DatasetSchema((28, 28), "uint8", (), "int64", 10, {"train": 60_000, "test": 10_000})
