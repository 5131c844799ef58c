"""Descent whose path is averaged."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.steps import ASGD_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class ASGD(Optimizer):
    """Gradient descent that keeps the mean of the parameters in its state, as "ax" (Polyak, Juditsky 1992).

    lambd: how fast the parameters and the rate decay; alpha: power of the rate's decay
    t0: the step from which on the mean is taken; weight_decay: L2, added to the gradient
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
            how,
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["step"] = counter(p)
            state["eta"] = counter(p)
            state["eta"].copy_(lr)
            state["mu"] = counter(p, 1.0)
            state["ax"] = zeros_like(p)
        overwrite(
            ASGD_STEP,
            (p, g, state["ax"], state["eta"], state["mu"], state["step"], lr),
            (group["lambd"], group["alpha"], group["t0"], group["weight_decay"], group["maximize"]),
        )
