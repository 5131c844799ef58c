"""Who is measured. Each runs in processes of its own: threads that one framework keeps spinning would slow
the next one down, and peak memory is a process's."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from benchmarks.workloads import Workload

THREADS = os.cpu_count() or 1
# How an expert keeps glibc from giving a step's memory back to the kernel, which makes its pages faults again
# in the next one; and large pages for what is large.
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
    "MALLOC_TOP_PAD_": str(2**26),
    "THP_MEM_ALLOC_ENABLE": "1",
}

Trainer = Callable[[int], float]


@dataclass(frozen=True)
class Side:
    """function: `module:name`, makes from a workload what trains so many steps and gives the last loss."""

    title: str
    function: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def trainer(self, workload: Workload) -> Trainer:
        module, _, name = self.function.partition(":")
        trainer: Trainer = getattr(import_module(module), name)(workload)
        return trainer


SIDES = {
    "captured": Side("ours, captured", "benchmarks.sides.ours:captured"),
    "eager": Side("ours, eager", "benchmarks.sides.ours:eager"),
    "torch": Side("torch", "benchmarks.sides.pytorch:eager"),
    "torch_tuned": Side("torch, tuned", "benchmarks.sides.pytorch:tuned", _MALLOC),
    "torch_compile": Side("torch.compile", "benchmarks.sides.pytorch:compiled", _MALLOC),
    "jax": Side("JAX jit", "benchmarks.sides.jax:jitted", _MALLOC),
}


class LeftOut(Exception):
    """Why a side has no figures for a workload, in one line."""
