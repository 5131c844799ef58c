"""Steps by the sign of a mean."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.steps import LION_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class Lion(Optimizer):
    """Steps of one size, by the sign of the gradient's mean (Chen et al. 2023).

    betas: how much of the mean counts in the step, and how much of it is kept
    weight_decay: shrinks the parameter itself
    Takes a rate 3 to 10 times smaller, and a decay as much larger, than AdamW's.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
            how,
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["exp_avg"] = zeros_like(p)
        beta1, beta2 = group["betas"]
        overwrite(
            LION_STEP,
            (p, g, state["exp_avg"], lr),
            (beta1, beta2, group["weight_decay"], group["maximize"]),
        )
