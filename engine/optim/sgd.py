"""Gradient descent."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.errors import EngineError
from engine.ops.updates import SGD_MOMENTUM_STEP, SGD_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum (Sutskever et al. 2013) and L2 weight decay.

    v = momentum v + (1 - dampening) (g + weight_decay p), beginning with v = g + weight_decay p
    p -= lr v, or with nesterov p -= lr (g + weight_decay p + momentum v)
    """

    execution = ("foreach", "differentiable", "fused")
    takes_complex = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
            how,
        )

    def check(self, group: Group) -> None:
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise EngineError("nesterov needs a momentum above 0 and no dampening")

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        weight_decay, maximize = group["weight_decay"], group["maximize"]
        momentum = group["momentum"]
        if momentum == 0:
            overwrite(SGD_STEP, (p, g, lr), (weight_decay, maximize))
            return
        v = state.get("momentum_buffer")
        dampening = group["dampening"]
        if v is None:
            # from zero and undampened, the first step leaves v = g + weight_decay p
            v = state["momentum_buffer"] = zeros_like(p)
            dampening = 0.0
        overwrite(
            SGD_MOMENTUM_STEP, (p, g, v, lr), (momentum, dampening, weight_decay, group["nesterov"], maximize)
        )
