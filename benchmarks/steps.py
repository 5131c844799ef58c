"""One eager training step of several networks, beside PyTorch's."""

import statistics
import time
from typing import Any

from benchmarks.workloads import WORKLOADS, Step


def measure(rounds: int) -> dict[str, Any]:
    """Medians of milliseconds per step over `rounds` interleaved runs of each network."""
    import torch

    import engine

    figures = {}
    for name, (make, steps) in WORKLOADS.items():
        sides = {}
        for side, framework in (("engine", engine), ("torch", torch)):
            framework.manual_seed(0)
            sides[side] = make(framework)
        times: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(rounds):
            for side, step in sides.items():
                times[side].append(_milliseconds(step, steps))
        ours, theirs = statistics.median(times["engine"]), statistics.median(times["torch"])
        figures |= {
            f"{name}: engine_ms": ours,
            f"{name}: torch_ms": theirs,
            f"{name}: torch_over_engine": theirs / ours,
        }
    return figures


def _milliseconds(step: Step, steps: int) -> float:
    """Of one step, after one that warms up."""
    step()
    started = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - started) / steps * 1000
