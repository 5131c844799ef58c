"""Steps in the unit of the parameter."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.errors import EngineError
from engine.ops.steps import ADADELTA_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class Adadelta(Optimizer):
    """Steps as large as those before, in the unit of the parameter (Zeiler 2012).

    rho: how much of the running means of squares, of gradients and of steps, is kept per step
    eps: added to both before their roots are taken; weight_decay: L2, added to the gradient
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
            },
            how,
        )

    def check(self, group: Group) -> None:
        super().check(group)
        if not 0 <= group["rho"] <= 1:
            raise EngineError(f"rho must be in [0, 1], not {group['rho']}")

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["step"] = counter(p)
            state["square_avg"] = zeros_like(p)
            state["acc_delta"] = zeros_like(p)
        operands = (p, g, state["square_avg"], state["acc_delta"], state["step"], lr)
        overwrite(
            ADADELTA_STEP, operands, (group["rho"], group["eps"], group["weight_decay"], group["maximize"])
        )
