"""Rates by functions of the user's own."""

import types
from collections.abc import Callable, Sequence
from typing import Any

from engine.errors import EngineError
from engine.optim.lr_scheduler.scheduler import LRScheduler
from engine.optim.optimizer import Optimizer

Factor = Callable[[int], float]


class _OfFunctions(LRScheduler):
    """One function of the count for each group. Of the functions only those that are objects have a state."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1
    ) -> None:
        groups = len(optimizer.param_groups)
        functions = list(lr_lambda) if isinstance(lr_lambda, Sequence) else [lr_lambda] * groups
        if len(functions) != groups:
            raise EngineError(f"there are {len(functions)} functions for {groups} groups; give one for each")
        for function in functions:
            if not callable(function):
                raise EngineError(f"lr_lambda must be a function, not {type(function).__name__}")
        self.lr_lambdas = functions
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        state["lr_lambdas"] = [
            None if isinstance(f, types.FunctionType | types.BuiltinFunctionType) else dict(vars(f))
            for f in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})
        for function, saved in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if saved is not None:
                vars(function).update(saved)


class LambdaLR(_OfFunctions):
    """The initial rate times lr_lambda(t) after t steps."""

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for f, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(_OfFunctions):
    """The rate times lr_lambda(t) at step t."""

    def get_lr(self) -> list[float]:
        rates = self._current()
        if self._is_initial:
            return rates
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, rates, strict=True)]
