"""The base of the optimizers: parameter groups, state, and its saving in PyTorch's layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.autograd import enable_grad, no_grad
from engine.dtypes import float64
from engine.errors import CheckpointError, EngineError
from engine.nn.state import as_tensor
from engine.tensor import Tensor
from engine.tensor.creation import full

State = dict[str, Any]
Group = dict[str, Any]


class Optimizer:
    """Updates parameters from their gradients. A subclass defines `update`, for one parameter.

    params: parameters, or groups {"params": [...], "lr": ...} that override the defaults
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: dict[Tensor, State] = {}
        self.param_groups: list[Group] = []
        # per group the learning rate as a tensor, so that a captured step reads it instead of containing it
        self._rates: list[Tensor] = []
        groups = list(params)
        if not groups:
            raise EngineError("an optimizer needs at least one parameter, and the list is empty")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def update(self, p: Tensor, g: Tensor, state: State, group: Group, lr: Tensor) -> None:
        """One step for one parameter, in place.

        state: this parameter's, empty before its first step; what is put there is saved with the optimizer
        lr: [] float64, the group's learning rate
        """
        raise NotImplementedError

    def add_param_group(self, param_group: Group) -> None:
        """Let the optimizer update more parameters, with settings of their own."""
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise EngineError(f"an optimizer takes tensors, not {type(p).__name__}")
            if not p.is_leaf:
                raise EngineError("an optimizer can't change a tensor that was computed; give it leaves")
            if id(p) in known:
                raise EngineError(f"the parameter of shape {p.shape} is in two groups, or twice in one")
            known.add(id(p))
        group = {**self.defaults, **param_group, "params": params}
        self.check(group)
        self.param_groups.append(group)
        self._rates.append(full((), float(group["lr"]), dtype=float64))

    def check(self, group: Group) -> None:
        """Raise EngineError where a group's settings make no sense."""
        for name in ("lr", "weight_decay", "eps", "momentum"):
            if name in group and not float(group[name]) >= 0:
                raise EngineError(f"{name} must be at least 0, not {group[name]}")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. Returns the closure's loss, if there is a closure."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group, rate in zip(self.param_groups, self._rates, strict=True):
                lr = float(group["lr"])
                if lr != rate.item():
                    rate.fill_(lr)
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state.get(p)
                        if state is None:
                            state = {}
                        self.update(p, p.grad, state, group, rate)
                        if state:
                            self.state[p] = state
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.detach_().zero_()

    def state_dict(self) -> dict[str, Any]:
        """{"state": {index: {name: tensor}}, "param_groups": [{..., "params": [index, ...]}]}"""
        index = {id(p): k for k, p in enumerate(self._parameters())}
        groups = [
            {
                **{k: v for k, v in group.items() if k != "params"},
                "params": [index[id(p)] for p in group["params"]],
            }
            for group in self.param_groups
        ]
        return {"state": {index[id(p)]: dict(s) for p, s in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state that state_dict() gave, here or in PyTorch; tensors are copied.

        Raises CheckpointError if the groups or shapes differ.
        """
        groups = state_dict["param_groups"]
        sizes = [len(g["params"]) for g in groups]
        own = [len(g["params"]) for g in self.param_groups]
        if sizes != own:
            raise CheckpointError(
                f"the saved optimizer has groups of {sizes} parameters, and this one of {own}"
            )
        order = [k for group in groups for k in group["params"]]
        by_index = dict(zip(order, self._parameters(), strict=True))
        self.state = {by_index[int(k)]: _copied(by_index[int(k)], s) for k, s in state_dict["state"].items()}
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in saved.items() if k != "params"})

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def __repr__(self) -> str:
        lines = []
        for k, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {k}")
            lines.extend(f"    {name}: {group[name]}" for name in sorted(group) if name != "params")
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"


def _copied(p: Tensor, saved: Mapping[str, Any]) -> State:
    state: State = {}
    for name, value in saved.items():
        if not hasattr(value, "shape"):
            state[name] = value
            continue
        tensor = as_tensor(value).clone()
        if tensor.ndim and tensor.shape != p.shape:
            raise CheckpointError(f"the saved {name} has shape {tensor.shape}, and its parameter {p.shape}")
        state[name] = tensor.to(device=p.device)
    return state
