"""Schedules made of schedules."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from engine.errors import EngineError
from engine.optim.lr_scheduler.plateau import ReduceLROnPlateau
from engine.optim.lr_scheduler.scheduler import LRScheduler, set_rate
from engine.optim.optimizer import Optimizer


class _Composed(LRScheduler):
    """Several schedules of one optimizer; the state holds theirs."""

    _schedulers: Sequence[LRScheduler]

    def _take(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        if not schedulers:
            raise EngineError(f"{name} needs at least one scheduler")
        self.optimizer = optimizer or schedulers[0].optimizer
        for k, scheduler in enumerate(schedulers):
            if isinstance(scheduler, ReduceLROnPlateau):
                raise EngineError(
                    f"scheduler {k} of {name} is ReduceLROnPlateau, whose steps need a metric; "
                    "step it by itself"
                )
            if scheduler.optimizer is not self.optimizer:
                raise EngineError(f"scheduler {k} of {name} belongs to another optimizer")
        self._schedulers = schedulers

    @property
    def per_step(self) -> bool:  # type: ignore[override]  # a class attribute of the others
        return any(scheduler.per_step for scheduler in self._schedulers)

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(saved)


class SequentialLR(_Composed):
    """One schedule after the other, each from its own beginning.

    schedulers: in their order, all of the same optimizer
    milestones: the counts of steps at which the next one begins, one fewer than there are schedulers
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self._take(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise EngineError(
                f"{len(schedulers)} schedulers need {len(schedulers) - 1} milestones, not {len(milestones)}"
            )
        if list(milestones) != sorted(milestones):
            raise EngineError(f"milestones must rise, not {list(milestones)}")
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        # each has set the rates when it was made: take that back, and let the first begin again
        for group in optimizer.param_groups:
            set_rate(group, group["initial_lr"])
        _take_back(self)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._begin()
        self._last_lr = first.get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        if epoch is not None:
            raise EngineError("SequentialLR can only go on step by step; call step() without an epoch")
        self.last_epoch += 1
        k = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[k]
        if k > 0 and self._milestones[k - 1] == self.last_epoch:
            scheduler._go_to(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _take_back(scheduler: LRScheduler) -> None:
    if isinstance(scheduler, _Composed):
        for each in scheduler._schedulers:
            _take_back(each)
    else:
        scheduler.last_epoch -= 1


class ChainedScheduler(_Composed):
    """All schedules at once: each changes the rate that the one before it has left.

    schedulers: in their order, all of the same optimizer
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(schedulers, optimizer)
        self._last_lr = self._current()

    def step(self, epoch: int | None = None) -> None:
        if epoch is not None:
            raise EngineError("ChainedScheduler can only go on step by step; call step() without an epoch")
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._current()
