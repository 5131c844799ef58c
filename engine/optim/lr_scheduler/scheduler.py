"""The base of the schedules, and how they read and write an optimizer's groups."""

from collections.abc import Sequence
from typing import Any

from engine.errors import EngineError
from engine.optim.optimizer import Group, Optimizer
from engine.tensor import Tensor
from engine.tensor.refusals import constructs


class LRScheduler:
    """Sets the groups' learning rates, one step at a time. A subclass defines `get_lr`.

    Most rules change the rate that is there, so that schedules can be chained; where a rule can also say the
    rate after `last_epoch` steps from `base_lrs` alone, it does so in `_get_closed_form_lr`.

    last_epoch: steps done; -1 begins anew, and the current rates become the groups' "initial_lr"
    per_step: whether it is made to be stepped with each optimizer step rather than each epoch
    """

    per_step = False
    # while the first rates are set: a rule that changes what is there leaves them alone
    _is_initial = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        constructs(cls)

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = _checked(optimizer)
        for k, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", float(group["lr"]))
            elif "initial_lr" not in group:
                raise EngineError(
                    f"group {k} has no initial_lr to go on from; load the optimizer's state before making a "
                    f"scheduler with last_epoch {last_epoch}, or begin with last_epoch -1"
                )
        self.base_lrs: list[float] = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._begin()

    def _begin(self) -> None:
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def get_lr(self) -> list[float]:
        """Each group's learning rate after `last_epoch` steps."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """Each group's learning rate, as the last step set it."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Count one more step, or begin from the given one, and set the learning rates."""
        self._step_count += 1
        self._go_to(epoch)

    def _go_to(self, epoch: int | None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed_form = getattr(self, "_get_closed_form_lr", None)
        self._set(self.get_lr() if epoch is None or closed_form is None else closed_form())

    def _set(self, rates: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_rate(group, lr)
        self._last_lr = self._current()

    def _current(self) -> list[float]:
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def _scaled(self, factor: float) -> list[float]:
        return [lr * factor for lr in self._current()]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where state_dict() was taken, here or in PyTorch; the optimizer's state holds the rates."""
        self.__dict__.update(state_dict)


def set_rate(group: Group, lr: float) -> None:
    """A rate that is a tensor stays one."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(lr)
    else:
        group["lr"] = lr


def per_group(name: str, value: float | Sequence[float], optimizer: Optimizer) -> list[float]:
    """One number for each of the optimizer's groups."""
    groups = len(_checked(optimizer).param_groups)
    if not isinstance(value, Sequence):
        return [value] * groups
    if len(value) != groups:
        raise EngineError(
            f"{name} has {len(value)} values for {groups} groups; give one for each, or one number"
        )
    return list(value)


def _checked(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise EngineError(f"a scheduler needs an optimizer, not {type(optimizer).__name__}")
    return optimizer
