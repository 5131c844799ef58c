"""A rate that falls once a metric doesn't get better."""

import math
from collections.abc import Sequence
from typing import Any, Literal, SupportsFloat

from engine.errors import EngineError
from engine.optim.lr_scheduler.scheduler import LRScheduler, per_group, set_rate
from engine.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """The rate times a factor when a metric hasn't become better for more than `patience` steps.

    mode: whether a better metric is smaller or larger; factor: of each change, below 1
    patience: steps without a better metric that are borne
    threshold: how much better counts, as a share ("rel") of the best so far or as a difference ("abs")
    cooldown: steps after a change that aren't counted; min_lr: the least rate, of all groups or of each
    eps: changes of the rate smaller than this are left out
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not factor < 1:
            raise EngineError(f"factor must be below 1, not {factor}")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise EngineError(
                f"mode must be min or max, threshold_mode rel or abs, not {mode} and {threshold_mode}"
            )
        self.min_lrs = per_group("min_lr", min_lr, optimizer)
        self.default_min_lr = None if isinstance(min_lr, Sequence) else min_lr
        self.optimizer = optimizer
        self.factor = factor
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self.last_epoch = 0
        self._last_lr = self._current()

    @property
    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def step(  # type: ignore[override]  # what the others know without being told
        self, metrics: SupportsFloat, epoch: int | None = None
    ) -> None:
        """Count one more step, with the metric after it."""
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._current()

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * value < sign * self.best * (1 - sign * self.threshold)
        return sign * value < sign * self.best - self.threshold

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise EngineError(
                    f"min_lr has {len(self.min_lrs)} values for {len(groups)} groups; set min_lrs anew after "
                    "adding a group"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            lr = float(group["lr"])
            reduced = max(lr * self.factor, least)
            if lr - reduced > self.eps:
                set_rate(group, reduced)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.mode_worse = math.inf if self.mode == "min" else -math.inf
