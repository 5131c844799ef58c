"""Adam by the largest gradient."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.steps import ADAMAX_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class Adamax(Optimizer):
    """Adam with the decaying maximum of the gradient's size for its mean square (Kingma and Ba 2014).

    betas: how much of the gradient's mean and of the maximum is kept per step; eps: added to the size
    weight_decay: L2, added to the gradient
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
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
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
            how,
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["step"] = counter(p)
            state["exp_avg"] = zeros_like(p)
            state["exp_inf"] = zeros_like(p)
        beta1, beta2 = group["betas"]
        operands = (p, g, state["exp_avg"], state["exp_inf"], state["step"], lr)
        overwrite(
            ADAMAX_STEP, operands, (beta1, beta2, group["eps"], group["weight_decay"], group["maximize"])
        )
