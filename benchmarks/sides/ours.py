"""The engine: step by step, and captured where it can capture."""

from collections.abc import Callable
from typing import Any

import engine
from benchmarks.sides import LeftOut, Trainer
from benchmarks.sides.modules import evaluation, network, stepper, trainer
from benchmarks.workloads import Workload, batches
from engine.spec.meter import MeteredDevice, Tally


def eager(workload: Workload) -> Trainer:
    return trainer(_step(workload), _batches(workload))


def captured(workload: Workload) -> Trainer:
    """Raises LeftOut where the engine has no capture."""
    capture: Any = getattr(engine, "capture", None)
    if capture is None:
        raise LeftOut("the engine can't capture steps yet")
    return Reporting(capture(_step(workload)), _batches(workload))


class Reporting:
    """Trains, and can say what became of the captured step."""

    def __init__(self, step: Any, batches: list[tuple[Any, ...]]) -> None:
        self._step = step
        self._train = trainer(step, batches)

    def __call__(self, steps: int) -> float:
        return self._train(steps)

    def report(self) -> str:
        return str(self._step.report())


def flops(workload: Workload) -> int:
    """Of one training step, counted at the kernels: two for each multiply-accumulate of a product."""
    tally = Tally()
    device = MeteredDevice(tally)
    module = network(engine, workload).to(device)
    inputs = [batch.to(device) for batch in _batches(workload)[0]]
    evaluation(engine, module)(*inputs).backward()
    return tally.flops


def _step(workload: Workload) -> Callable[..., Any]:
    module = network(engine, workload)
    optimizer: Any = getattr(engine.optim, workload.optimizer)(module.parameters(), **workload.arguments)
    return stepper(evaluation(engine, module), optimizer)


def _batches(workload: Workload) -> list[tuple[Any, ...]]:
    return [tuple(engine.tensor(array) for array in batch) for batch in batches(workload)]
