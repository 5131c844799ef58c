"""Adam without a warm-up."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.steps import RADAM_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class RAdam(Optimizer):
    """Adam that divides by the gradients' mean square only once it has seen enough (Liu et al. 2019).

    betas: how much of the means of the gradient and of its square is kept per step
    eps: added to the root of the second; weight_decay: L2, added to the gradient
    decoupled_weight_decay: shrink the parameter itself instead, as AdamW
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
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
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
            },
            how,
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["step"] = counter(p)
            state["exp_avg"] = zeros_like(p)
            state["exp_avg_sq"] = zeros_like(p)
        beta1, beta2 = group["betas"]
        decoupled = group["decoupled_weight_decay"]
        operands = (p, g, state["exp_avg"], state["exp_avg_sq"], state["step"], lr)
        overwrite(
            RADAM_STEP,
            operands,
            (beta1, beta2, group["eps"], group["weight_decay"], decoupled, group["maximize"]),
        )
