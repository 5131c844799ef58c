"""Steps that shrink where gradients were large."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.steps import ADAGRAD_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import full_like


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients (Duchi et al. 2011).

    lr_decay: lr is divided by 1 + lr_decay (steps - 1); weight_decay: L2, added to the gradient
    initial_accumulator_value: what the sum begins with; eps: added to its root
    """

    execution = ("foreach", "differentiable", "fused")

    not_negative = (*Optimizer.not_negative, "lr_decay", "initial_accumulator_value")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "eps": eps,
                "maximize": maximize,
            },
            how,
        )

    def add_param_group(self, param_group: Group) -> None:
        super().add_param_group(param_group)
        # as in PyTorch, the state is there before the first step
        group = self.param_groups[-1]
        for p in group["params"]:
            self.state[p] = self._begun(p, group)

    def _begun(self, p: Tensor, group: Group) -> State:
        return {"step": counter(p), "sum": full_like(p, group["initial_accumulator_value"]).detach()}

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state.update(self._begun(p, group))
        overwrite(
            ADAGRAD_STEP,
            (p, g, state["sum"], state["step"], lr),
            (group["lr_decay"], group["eps"], group["weight_decay"], group["maximize"]),
        )
