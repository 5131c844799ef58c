"""The learning rates of the next steps, where they change with each step."""

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.optim import Optimizer
from engine.optim.lr_scheduler import LRScheduler


class Ahead:
    """A schedule taken some steps further than the optimizer has come, and back.

    table: float64 [steps, groups], the rates of these steps, the first being those that are there now
    is_all: whether the rates are all that the schedule changes
    """

    def __init__(self, scheduler: LRScheduler, optimizer: Optimizer, steps: int) -> None:
        self._scheduler, self._groups = scheduler, optimizer.param_groups
        self._before = deepcopy(scheduler.state_dict()), self._rates()
        fixed = self._fixed()
        self.table: NDArray[np.float64] = np.empty((steps, len(self._groups)))
        self.is_all = True
        for step in range(steps):
            self.table[step] = self._rates()
            scheduler.step()
            if self._fixed() != fixed:
                self.is_all = False
                break
        for group, kept in zip(self._groups, fixed, strict=True):
            group.update(kept)

    def go_to(self, steps: int) -> None:
        """Leave the schedule as so many steps leave it."""
        state, rates = self._before
        self._scheduler.load_state_dict(deepcopy(state))
        for group, rate in zip(self._groups, rates, strict=True):
            group["lr"] = rate
        for _ in range(steps):
            self._scheduler.step()

    def _rates(self) -> list[float]:
        return [float(group["lr"]) for group in self._groups]

    def _fixed(self) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in group.items() if key not in ("params", "lr")}
            for group in self._groups
        ]
