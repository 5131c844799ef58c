"""Averages of a model's weights over the training: exponential (EMA) and equal ones (SWA)."""

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

from engine.autograd import no_grad
from engine.device import Device
from engine.dtypes import int64
from engine.errors import EngineError
from engine.nn import BatchNorm1d, BatchNorm2d, BatchNorm3d
from engine.nn.module import Module
from engine.optim.lr_scheduler.scheduler import LRScheduler, per_group
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor
from engine.tensor.creation import tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

# (average so far, current weights, how many are in the average)
Average = Callable[[Tensor, Tensor, Tensor], Tensor]
AverageOfMany = Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average: decay average + (1 - decay) current."""
    _check_decay(decay)

    def average(averaged: Tensor, current: Tensor, count: Tensor) -> Tensor:
        with no_grad():
            return averaged * decay + current * (1 - decay)

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageOfMany:
    """The exponential moving average of many tensors at once, in place."""
    _check_decay(decay)

    def average(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor) -> None:
        with no_grad():
            for a, c in zip(averaged, current, strict=True):
                if a.is_floating_point():
                    a.add_((c - a) * (1 - decay))
                else:
                    a.copy_(a * decay + c * (1 - decay))

    return average


def get_swa_avg_fn() -> Average:
    """The mean of all weights so far (Izmailov et al. 2018)."""

    def average(averaged: Tensor, current: Tensor, count: Tensor) -> Tensor:
        with no_grad():
            return averaged + (current - averaged) / (int(count) + 1)

    return average


def get_swa_multi_avg_fn() -> AverageOfMany:
    """The mean of all weights so far, of many tensors at once, in place."""
    one = get_swa_avg_fn()

    def average(averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor) -> None:
        with no_grad():
            for a, c in zip(averaged, current, strict=True):
                a.copy_(one(a, c, count))

    return average


def _check_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise EngineError(f"decay must be in [0, 1], not {decay}")


class AveragedModel(Module):
    """A copy of a model whose weights are an average of the model's.

    model: is copied as it is; device: where the copy is to be
    avg_fn, multi_avg_fn: how a new value enters the average, for one tensor or for all; the equal mean of
        SWA unless one of them is given, as for an EMA: multi_avg_fn=get_ema_multi_avg_fn(0.999)
    use_buffers: average the buffers as well, instead of copying them
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Device | str | None = None,
        avg_fn: Average | None = None,
        multi_avg_fn: AverageOfMany | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise EngineError("give avg_fn or multi_avg_fn, not both")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's own."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Let the model's weights enter the average; the first ones are the average. Call it after a step."""
        averaged = [x.detach() for x in self._averaged(self.module)]
        current = [
            x.detach().to(device=a.device) for a, x in zip(averaged, self._averaged(model), strict=True)
        ]
        with no_grad():
            if int(self.n_averaged) == 0:
                for a, c in zip(averaged, current, strict=True):
                    a.copy_(c)
            elif self.avg_fn is not None:
                for a, c in zip(averaged, current, strict=True):
                    a.copy_(self.avg_fn(a, c, self.n_averaged))
            elif averaged:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(averaged, current, self.n_averaged)
            if not self.use_buffers:
                for a, c in zip(self.module.buffers(), model.buffers(), strict=True):
                    a.detach().copy_(c.detach())
            self.n_averaged.add_(1)

    def _averaged(self, model: Module) -> Iterable[Tensor]:
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()


def update_bn(loader: Iterable[Any], model: Module, device: Device | str | None = None) -> None:
    """Measure the statistics of a model's batch norms anew, as the equal mean over a loader's batches.

    loader: batches, of which lists and tuples hold the input first; device: where to move the inputs
    """
    norms = [
        module for module in model.modules() if isinstance(module, BatchNorm1d | BatchNorm2d | BatchNorm3d)
    ]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    was_training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    try:
        with no_grad():
            for batch in loader:
                inputs = batch[0] if isinstance(batch, list | tuple) else batch
                model(inputs if device is None else inputs.to(device))
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the current rates to constant ones, in anneal_epochs steps, for the time of averaging.

    swa_lr: the last rate, of all groups or of each; anneal_epochs: steps until then
    anneal_strategy: along a cosine or a line
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise EngineError(f"anneal_strategy must be cos or linear, not {anneal_strategy}")
        if anneal_epochs < 0:
            raise EngineError(f"anneal_epochs must be at least 0, not {anneal_epochs}")
        for group, lr in zip(optimizer.param_groups, per_group("swa_lr", swa_lr, optimizer), strict=True):
            group["swa_lr"] = lr
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group, lr in zip(self.optimizer.param_groups, self._current(), strict=True):
            goal = group["swa_lr"]
            start = goal if before == 1 else (lr - before * goal) / (1 - before)
            rates.append(goal * now + start * (1 - now))
        return rates

    def _share(self, step: int) -> float:
        """How much of the way is done."""
        done = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * done)) / 2 if self._anneal_strategy == "cos" else done
