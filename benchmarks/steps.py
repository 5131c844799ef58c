"""One eager training step of the two-layer network (784-128-10, batch 64, SGD), beside PyTorch's."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = 300


def measure(rounds: int) -> dict[str, Any]:
    """Medians of milliseconds per step over `rounds` interleaved runs of STEPS steps each."""
    import torch

    import engine

    sides = {"engine": _stepper(engine), "torch": _stepper(torch)}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, step in sides.items():
            step(20)
            started = time.perf_counter()
            step(STEPS)
            times[name].append((time.perf_counter() - started) / STEPS * 1000)
    ours, theirs = statistics.median(times["engine"]), statistics.median(times["torch"])
    return {"engine_ms_per_step": ours, "torch_ms_per_step": theirs, "torch_over_engine": theirs / ours}


def _stepper(framework: Any) -> Callable[[int], None]:
    """A function that trains n steps. The two frameworks' scripts don't differ in a letter."""
    nn = framework.nn
    framework.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = framework.optim.SGD(network.parameters(), lr=0.01)
    generator = np.random.default_rng(0)
    images = framework.tensor(generator.random((64, 1, 28, 28), np.float32))
    labels = framework.tensor(generator.integers(0, 10, 64))

    def step(times: int) -> None:
        for _ in range(times):
            loss = criterion(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return step
