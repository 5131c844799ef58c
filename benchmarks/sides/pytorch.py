"""PyTorch: as it comes, as an expert sets it up for this machine, and compiled."""

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.sides import THREADS, Trainer
from benchmarks.sides.modules import evaluation, network, stepper, trainer
from benchmarks.workloads import Workload, batches


def eager(workload: Workload) -> Trainer:
    torch.set_num_threads(THREADS)
    module = network(torch, workload)
    optimizer = _optimizer(workload, module)
    return trainer(stepper(evaluation(torch, module), optimizer), _batches(workload))


def tuned(workload: Workload, transform: Callable[[Any], Any] = lambda evaluate: evaluate) -> Trainer:
    """Denormals flushed, channels last for images, fused optimizers; sides/__init__.py sets malloc."""
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)
    module = network(torch, workload)
    own = _batches(workload)
    if workload.images:
        last: Any = torch.channels_last
        module = module.to(memory_format=last)
        own = [(images.contiguous(memory_format=last), *others) for images, *others in own]
    optimizer = _optimizer(workload, module, fused=True)
    return trainer(stepper(transform(evaluation(torch, module)), optimizer), own)


def compiled(workload: Workload) -> Trainer:
    """Tuned, with forward and backward compiled by inductor, whose wrapper is C++ as well."""
    import torch._inductor.config

    torch._inductor.config.cpp_wrapper = True
    return tuned(workload, torch.compile)


def _optimizer(workload: Workload, module: Any, **options: Any) -> Any:
    make = getattr(torch.optim, workload.optimizer)
    return make(module.parameters(), **workload.arguments, **options)


def _batches(workload: Workload) -> list[tuple[Any, ...]]:
    return [tuple(torch.tensor(array) for array in batch) for batch in batches(workload)]
