"""A step of training, written once for the frameworks with PyTorch's names."""

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.sides import Trainer
from benchmarks.workloads import Workload, initial_weights


def network(framework: Any, workload: Workload) -> Any:
    """The module with the weights that every side starts from."""
    module = workload.network(framework)
    shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
    for name, weight in initial_weights(shapes):
        module.load_state_dict({name: framework.tensor(weight)}, strict=False)
    return module


def stepper(evaluate: Callable[..., Any], optimizer: Any) -> Callable[..., Any]:
    """evaluate: from inputs and targets to the loss."""

    def step(*batch: Any) -> Any:
        loss = evaluate(*batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def evaluation(framework: Any, module: Any) -> Callable[..., Any]:
    criterion = framework.nn.CrossEntropyLoss()

    def evaluate(*batch: Any) -> Any:
        return criterion(module(*batch[:-1]), batch[-1])

    return evaluate


def trainer(step: Callable[..., Any], batches: Sequence[Sequence[Any]]) -> Trainer:
    """Goes on with the batches where it stopped; reads no loss but the last, as none waits for another."""
    at = 0

    def train(steps: int) -> float:
        nonlocal at
        loss: Any = None
        for _ in range(steps):
            loss = step(*batches[at % len(batches)])
            at += 1
        return float(loss.item())

    return train
