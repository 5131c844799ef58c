"""Rates that rise and fall, some with the momentum going the other way."""

import math
import types
from collections.abc import Callable, Sequence
from typing import Any, Literal

from engine.errors import EngineError
from engine.optim.lr_scheduler.scheduler import LRScheduler, per_group, set_rate
from engine.optim.optimizer import Group, Optimizer


class CosineAnnealingWarmRestarts(LRScheduler):
    """From the rate to eta_min along half a cosine, then the same again (Loshchilov and Hutter 2016).

    T_0: steps of the first period; T_mult: how many times longer each next one is; eta_min: the least rate
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if value < 1 or value != int(value):
                raise EngineError(f"{name} must be an integer of at least 1, not {value}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        share = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Count one more step, or go to any moment, such as epoch + batch / batches within an epoch."""
        self._step_count += 1
        self._go_to(epoch)

    def _go_to(self, epoch: float | None) -> None:
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._place(epoch)
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _place(self, epoch: float) -> None:
        """T_i and T_cur at a moment given from outside."""
        if epoch < 0:
            raise EngineError(f"epoch must be at least 0, not {epoch}")
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            periods = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**periods - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**periods


def _momentum_key(optimizer: Optimizer) -> str:
    for key in ("betas", "momentum"):
        if key in optimizer.defaults:
            return key
    raise EngineError(
        f"{type(optimizer).__name__} has neither momentum nor betas to cycle; say cycle_momentum=False"
    )


def _set_momentum(group: Group, key: str, value: float) -> None:
    group[key] = (value, *group["betas"][1:]) if key == "betas" else value


class _MomentumCycle(LRScheduler):
    """A rate with which the momentum, or the first of the betas, changes."""

    per_step = True
    cycle_momentum: bool
    use_beta1: bool

    def _cycle_momentum(
        self, optimizer: Optimizer, base: float | Sequence[float], top: float | Sequence[float], new: bool
    ) -> None:
        self.use_beta1 = _momentum_key(optimizer) == "betas"
        self.base_momentums = per_group("base_momentum", base, optimizer)
        self.max_momentums = per_group("max_momentum", top, optimizer)
        if new:
            for group, low, high in zip(
                optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                self._set_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low

    def _set_momentum(self, group: Group, value: float) -> None:
        _set_momentum(group, "betas" if self.use_beta1 else "momentum", value)


class CyclicLR(_MomentumCycle):
    """From base_lr to max_lr and back in straight lines, step by step (Smith 2015).

    base_lr, max_lr: the ends, of all groups or of each
    step_size_up, step_size_down: steps of the rise and of the fall, which is as long unless given
    mode: "triangular", "triangular2" (each cycle half as high), "exp_range" (height times gamma^step)
    scale_fn: the height's factor instead of the mode's, of the cycle (from 1) or the step, as scale_mode says
    cycle_momentum: let the momentum fall from max_momentum to base_momentum meanwhile
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise EngineError(f"mode must be triangular, triangular2 or exp_range, not {mode}")
        if step_size_up < 1 or (step_size_down is not None and step_size_down < 1):
            raise EngineError(
                f"a rise and a fall take at least one step, not {step_size_up} and {step_size_down}"
            )
        base_lrs = per_group("base_lr", base_lr, optimizer)
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_rate(group, lr)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._cycle_momentum(optimizer, base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The factor of the height, of the cycle or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return float(self.gamma**x)
        return float(1 / 2 ** (x - 1)) if self.mode == "triangular2" else 1.0

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                self._set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        function = self._scale_fn_custom
        plain = function is None or isinstance(function, types.FunctionType | types.BuiltinFunctionType)
        state["_scale_fn_custom"] = None if plain else dict(vars(function))
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if state_dict.get("_scale_fn_custom") is not None:
            vars(self._scale_fn_custom).update(state_dict["_scale_fn_custom"])


class OneCycleLR(_MomentumCycle):
    """One rise to max_lr and one long fall, step by step, the momentum going the other way (Smith 2017).

    max_lr: the peak, of all groups or of each
    total_steps: of the whole cycle; or epochs and steps_per_epoch, whose product it is
    pct_start: the share of the rise; anneal_strategy: along a cosine or a line
    cycle_momentum: let the momentum fall from max_momentum to base_momentum during the rise
    div_factor: max_lr by the first rate; final_div_factor: the first rate by the last one
    three_phase: fall back to the first rate as fast as it rose, then to the last
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise EngineError("give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps < 1:
            raise EngineError(f"the cycle must have at least one step, not {total_steps}")
        if not 0 <= pct_start <= 1:
            raise EngineError(f"pct_start must be in [0, 1], not {pct_start}")
        if pct_start * total_steps == 1:
            raise EngineError(
                f"a rise of {pct_start} of {total_steps} steps ends where it begins; make "
                "pct_start larger, or 0"
            )
        if not (div_factor > 0 and final_div_factor > 0):
            raise EngineError(
                f"div_factor and final_div_factor must be above 0, not {div_factor} and {final_div_factor}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise EngineError(f"anneal_strategy must be cos or linear, not {anneal_strategy}")
        self.total_steps = total_steps
        self._schedule_phases = _phases(total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        peaks = per_group("max_lr", max_lr, optimizer)
        if last_epoch == -1:
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["initial_lr"] = peak / div_factor
                group["max_lr"] = peak
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._cycle_momentum(optimizer, base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise EngineError(
                f"this is step {self.last_epoch} of a cycle of {self.total_steps}; make the cycle as "
                "long as the training"
            )
        ends = [each["end_step"] for each in self._schedule_phases]
        k = min(sum(self.last_epoch > end for end in ends), len(ends) - 1)
        phase, start = self._schedule_phases[k], ends[k - 1] if k else 0.0
        done = (self.last_epoch - start) / (ends[k] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase["start_lr"]], group[phase["end_lr"]], done))
            if self.cycle_momentum:
                high, low = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(high, low, done))
        return rates

    def _between(self, start: float, end: float, done: float) -> float:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2 * (math.cos(math.pi * done) + 1)
        return (end - start) * done + start


def _phases(total: int, share: float, three: bool) -> list[dict[str, Any]]:
    """The last step of each phase, and by their names in the groups the rates and momenta at its ends."""
    ends = [share * total - 1, 2 * share * total - 2] if three else [share * total - 1]
    rates = ["initial_lr", "max_lr", "initial_lr", "min_lr"] if three else ["initial_lr", "max_lr", "min_lr"]
    momenta = ["max_momentum", "base_momentum", "max_momentum", "max_momentum"]
    return [
        {
            "end_step": end,
            "start_lr": rates[k],
            "end_lr": rates[k + 1],
            "start_momentum": momenta[k],
            "end_momentum": momenta[k + 1],
        }
        for k, end in enumerate([*ends, total - 1])
    ]
