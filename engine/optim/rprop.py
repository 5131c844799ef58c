"""Steps by the sign of the gradient."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.errors import EngineError
from engine.ops.steps import RPROP_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import full_like, zeros_like


class Rprop(Optimizer):
    """Steps of a size of its own for each element, by the sign of the gradient (Riedmiller and Braun 1993).

    For gradients of the whole data set. lr: the first size of a step
    etas: what a size is multiplied by when the sign has changed, and when it hasn't
    step_sizes: the least and the largest size
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "maximize": maximize,
            },
            how,
        )

    def check(self, group: Group) -> None:
        super().check(group)
        shrinks, grows = group["etas"]
        if not 0 < shrinks < 1 < grows:
            raise EngineError(f"etas must be in (0, 1) and above 1, not {group['etas']}")

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["step"] = counter(p)
            state["prev"] = zeros_like(p)
            state["step_size"] = full_like(p, float(group["lr"])).detach()
        overwrite(
            RPROP_STEP,
            (p, g, state["prev"], state["step_size"], state["step"]),
            (*group["etas"], *group["step_sizes"], group["maximize"]),
        )
