"""Adam and its kin."""

from collections.abc import Iterable
from typing import Any, Unpack

from engine.autograd.tape import overwrite
from engine.ops.updates import ADAM_STEP, AMSGRAD_STEP
from engine.optim.optimizer import Execution, Group, Optimizer, State, counter
from engine.tensor import Tensor
from engine.tensor.creation import zeros_like


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square (Kingma and Ba 2014).

    betas: how much of each mean is kept per step; eps: added to the root of the second
    weight_decay: L2, added to the gradient
    amsgrad: divide by the largest second mean so far (Reddi et al. 2018)
    decoupled_weight_decay: shrink the parameter itself instead, as AdamW
    """

    execution = ("foreach", "capturable", "differentiable", "fused")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
            how,
        )

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        if not state:
            state["step"] = counter(p)
            state["exp_avg"] = zeros_like(p)
            state["exp_avg_sq"] = zeros_like(p)
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = zeros_like(p)
        beta1, beta2 = (float(beta) for beta in group["betas"])
        attrs = (
            beta1,
            beta2,
            group["eps"],
            group["weight_decay"],
            group["decoupled_weight_decay"],
            group["maximize"],
        )
        m, v, step = state["exp_avg"], state["exp_avg_sq"], state["step"]
        if group["amsgrad"]:
            overwrite(AMSGRAD_STEP, (p, g, m, v, state["max_exp_avg_sq"], step, lr), attrs)
        else:
            overwrite(ADAM_STEP, (p, g, m, v, step, lr), attrs)


class AdamW(Adam):
    """Adam with weight decay that shrinks the parameter itself (Loshchilov and Hutter 2017)."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        **how: Unpack[Execution],
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
            **how,
        )
