"""Rows of numbers and of categories."""

from typing import Any

import numpy as np

from benchmarks.workloads.description import Batch, Workload

WORDS, CATEGORIES = 10_000, 40


def mlp(framework: Any) -> Any:
    """784-128-10, batch 64"""
    nn = framework.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def tiny(framework: Any) -> Any:
    """8-4, batch 2"""
    return framework.nn.Sequential(framework.nn.Linear(8, 4))


def wide_mlp(framework: Any) -> Any:
    """1024-4096-4096-10, batch 128, SGD with momentum"""
    nn = framework.nn
    return nn.Sequential(
        nn.Linear(1024, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 10)
    )


def tabular(framework: Any) -> Any:
    """Eight embeddings of 8 with six numbers, batch norm, 70-128-64-2, batch 256, Adam"""
    nn = framework.nn

    class Model(nn.Module):  # type: ignore[misc, name-defined]  # the framework is chosen at run time
        def __init__(self) -> None:
            super().__init__()
            self.embeddings = nn.ModuleList([nn.Embedding(CATEGORIES, 8) for _ in range(8)])
            self.norm = nn.BatchNorm1d(6)
            self.body = nn.Sequential(
                nn.Linear(70, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 2)
            )

        def forward(self, numbers: Any, categories: Any) -> Any:
            known = [embedding(categories[:, i]) for i, embedding in enumerate(self.embeddings)]
            return self.body(framework.cat([self.norm(numbers), *known], 1))

    return Model()


def bag_of_words(framework: Any) -> Any:
    """The mean of 60 embeddings of 64, 64-64-2, batch 128, Adam"""
    nn = framework.nn
    return nn.Sequential(
        nn.EmbeddingBag(WORDS, 64, mode="mean"), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )


def _digits(generator: np.random.Generator) -> Batch:
    return generator.random((64, 1, 28, 28), np.float32), generator.integers(0, 10, 64)


def _tiny_rows(generator: np.random.Generator) -> Batch:
    return generator.random((2, 8), np.float32), generator.integers(0, 4, 2)


def _wide_rows(generator: np.random.Generator) -> Batch:
    return generator.standard_normal((128, 1024), np.float32), generator.integers(0, 10, 128)


def _people(generator: np.random.Generator) -> Batch:
    numbers = generator.standard_normal((256, 6), np.float32)
    return numbers, generator.integers(0, CATEGORIES, (256, 8)), generator.integers(0, 2, 256)


def _messages(generator: np.random.Generator) -> Batch:
    return generator.integers(0, WORDS, (128, 60)), generator.integers(0, 2, 128)


TINY = Workload("tiny", tiny, _tiny_rows)
WORKLOADS = [
    Workload("mlp64", mlp, _digits),
    Workload("mlp64_adam", mlp, _digits, "Adam", {"lr": 0.001}),
    Workload("wide_mlp", wide_mlp, _wide_rows, "SGD", {"lr": 0.01, "momentum": 0.9}),
    Workload("tabular", tabular, _people, "Adam", {"lr": 0.001}),
    Workload("bag_of_words", bag_of_words, _messages, "Adam", {"lr": 0.001}),
]
