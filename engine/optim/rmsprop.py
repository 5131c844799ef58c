"""Steps divided by the size of recent gradients."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.steps import (
    RMSPROP_CENTERED_MOMENTUM_STEP,
    RMSPROP_CENTERED_STEP,
    RMSPROP_MOMENTUM_STEP,
    RMSPROP_STEP,
)
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class RMSprop(Optimizer):
    """Steps divided by the root of the gradients' mean square (Hinton's lecture 6e of 2012).

    alpha: how much of the mean is kept per step; eps: added to its root
    weight_decay: L2, added to the gradient; momentum: how much of the last step is made again
    centered: take the variance for the mean square (Graves 2013)
    """

    not_negative = (*Optimizer.not_negative, "alpha")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
            },
            how,
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        momentum, centered = group["momentum"], group["centered"]
        if not state:
            state["step"] = counter(p)
            state["square_avg"] = zeros_like(p)
            if momentum > 0:
                state["momentum_buffer"] = zeros_like(p)
            if centered:
                state["grad_avg"] = zeros_like(p)
        means = (state["square_avg"], state["grad_avg"]) if centered else (state["square_avg"],)
        attrs = (group["alpha"], group["eps"], group["weight_decay"])
        if momentum > 0:
            op = RMSPROP_CENTERED_MOMENTUM_STEP if centered else RMSPROP_MOMENTUM_STEP
            operands = (p, g, *means, state["momentum_buffer"], state["step"], lr)
            overwrite(op, operands, (*attrs, momentum, group["maximize"]))
        else:
            op = RMSPROP_CENTERED_STEP if centered else RMSPROP_STEP
            overwrite(op, (p, g, *means, state["step"], lr), (*attrs, group["maximize"]))
