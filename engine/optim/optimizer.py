"""The base of the optimizers: parameter groups, state, and its saving in PyTorch's layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict

from engine.autograd import enable_grad, no_grad
from engine.autograd.hooks import Hook, RemovableHandle
from engine.dtypes import DType, float32, float64, get_default_dtype
from engine.errors import CheckpointError, EngineError
from engine.nn.state import as_tensor
from engine.tensor import Tensor
from engine.tensor.creation import full, zeros
from engine.tensor.refusals import constructs

State = dict[str, Any]
Group = dict[str, Any]
Closure = Callable[[], Any]


class Execution(TypedDict, total=False):
    """PyTorch's arguments for how a step is computed. They are kept with the group, as PyTorch keeps them.

    foreach, fused: there is one kernel for a parameter's whole step, which gives the same numbers as either
    capturable: step counts are always in tensors
    differentiable: only False; a step isn't recorded
    """

    foreach: bool | None
    fused: bool | None
    capturable: bool
    differentiable: bool


class Optimizer:
    """Updates parameters from their gradients. A subclass defines `update`, for one parameter.

    params: parameters, (name, parameter) pairs as of named_parameters(), or groups
        {"params": [...], "lr": ...} that override the defaults
    """

    # which arguments of Execution PyTorch's optimizer of this name has
    execution: tuple[str, ...] = ("foreach", "capturable", "differentiable")
    # settings that must be at least 0
    not_negative: tuple[str, ...] = ("lr", "weight_decay", "eps", "momentum")
    # whether a step has to evaluate the loss again
    needs_closure = False
    # whether its update is right for complex parameters, whose squares would have to be of their lengths
    takes_complex = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        constructs(cls)

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], how: Execution | None = None) -> None:
        self.defaults = {**defaults, **self._executed(how or {})}
        self.state: defaultdict[Tensor, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        # per group the learning rate as a tensor, so that a captured step reads it instead of containing it
        self._rates: list[Tensor] = []
        self._before: dict[int, Hook] = {}
        self._after: dict[int, Hook] = {}
        if isinstance(params, Tensor):
            raise EngineError(
                "an optimizer takes a list of parameters or of groups; put the tensor into a list"
            )
        if hasattr(params, "parameters"):
            raise EngineError(
                f"an optimizer takes parameters, not a {type(params).__name__}; pass its parameters()"
            )
        groups = [{"params": params}] if isinstance(params, set) else list(params)
        if not groups:
            raise EngineError(
                "an optimizer needs at least one parameter, and the list is empty; is every layer an "
                "attribute of "
                "the module, or in a ModuleList?"
            )
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
        if not isinstance(param_group, dict):
            raise EngineError(f'a group is a dict with "params", not {type(param_group).__name__}')
        params, names = _named(param_group["params"])
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise EngineError(f"an optimizer takes tensors, not {type(p).__name__}")
            if not p.is_leaf:
                raise EngineError("an optimizer can't change a tensor that was computed; give it leaves")
            if p.is_complex() and not self.takes_complex:
                raise EngineError(
                    f"{type(self).__name__} isn't written for complex parameters, such as that of {p.shape}; "
                    "keep the real view_as_real(p) as the parameter, or take SGD"
                )
            if id(p) in known:
                raise EngineError(f"the parameter of shape {p.shape} is in two groups, or twice in one")
            known.add(id(p))
        group = {**self.defaults, **param_group, "params": params}
        if names:
            group["param_names"] = names
        if any(("param_names" in group) != ("param_names" in other) for other in self.param_groups):
            raise EngineError("all groups have named parameters or none has; name those of every group")
        self.check(group)
        self.param_groups.append(group)
        self._rates.append(full((), float(group["lr"]), dtype=float64))

    def check(self, group: Group) -> None:
        """Raise EngineError where a group's settings make no sense."""
        lr = group["lr"]
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise EngineError(f"lr must be one number, not a tensor of shape {lr.shape}")
        for name in self.not_negative:
            if name in group and not float(group[name]) >= 0:
                raise EngineError(f"{name} must be at least 0, not {group[name]}")
        betas = group.get("betas", ())
        if len({isinstance(beta, Tensor) for beta in betas}) > 1:
            raise EngineError("betas must be two numbers or two tensors, not one of each")
        for beta in betas:
            if isinstance(beta, Tensor) and beta.numel() != 1:
                raise EngineError(f"a beta must be one number, not a tensor of shape {beta.shape}")
            if not 0 <= float(beta) < 1:
                raise EngineError(f"betas must be in [0, 1), not {group['betas']}")
        if group.get("differentiable"):
            raise EngineError("a step isn't recorded, so differentiable must be False")

    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient. Returns the closure's loss, if there is a closure.

        closure: computes the loss and its gradients
        """
        args: tuple[Any, ...] = (self,) if closure is None else (self, closure)
        kwargs: dict[str, Any] = {}
        for hook in list(self._before.values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                args, kwargs = changed
        loss = self._step(args[1] if len(args) > 1 else kwargs.get("closure"))
        for hook in list(self._after.values()):
            hook(self, args, kwargs)
        return loss

    def _step(self, closure: Closure | None) -> Any:
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group, lr in zip(self.param_groups, self._current_rates(), strict=True):
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state.get(p)
                        if state is None:
                            state = {}
                        self.update(p, p.grad, state, group, lr)
                        if state:
                            self.state[p] = state
        return loss

    def _current_rates(self) -> list[Tensor]:
        """Per group the learning rate, [] float64."""
        for group, rate in zip(self.param_groups, self._rates, strict=True):
            lr = float(group["lr"])
            if lr != rate.item():
                rate.fill_(lr)
        return self._rates

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or set them to zero."""
        for p in self._parameters():
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.detach_().zero_()

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before each step; it may return (args, kwargs) to use instead.

        args holds the optimizer and, where there is one, the closure.
        """
        return RemovableHandle(self._before, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after each step."""
        return RemovableHandle(self._after, hook)

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
        loaded: defaultdict[Tensor, State] = defaultdict(dict)
        for k, saved in state_dict["state"].items():
            p = by_index[int(k)]
            loaded[p] = {name: self.restored(p, name, value) for name, value in saved.items()}
        self.state = loaded
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in saved.items() if k != "params"})

    def restored(self, p: Tensor, name: str, value: Any) -> Any:
        """A saved value of p's state, as a tensor of its own; the step count keeps its dtype."""
        if not hasattr(value, "shape"):
            return value
        tensor = as_tensor(value).clone()
        if tensor.ndim and tensor.shape != p.shape:
            raise CheckpointError(f"the saved {name} has shape {tensor.shape}, and its parameter {p.shape}")
        return tensor.to(device=p.device, dtype=tensor.dtype if name == "step" else p.dtype)

    def _parameters(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]

    def _executed(self, how: Execution) -> dict[str, Any]:
        """How the steps are computed, with PyTorch's defaults."""
        for name in how:
            if name not in self.execution:
                raise TypeError(f"{type(self).__name__} has no argument {name!r}")
        unsaid = {"foreach": None, "fused": None, "capturable": False, "differentiable": False}
        return {name: how.get(name, unsaid[name]) for name in self.execution}

    def __repr__(self) -> str:
        lines = []
        for k, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {k}")
            lines.extend(f"    {name}: {group[name]}" for name in sorted(group) if name != "params")
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"


def _named(params: Any) -> tuple[list[Any], list[str]]:
    """The parameters of a group, and their names where they have names."""
    if isinstance(params, set):
        raise EngineError("a set has no order that lasts; give the optimizer a list of parameters")
    given = [params] if isinstance(params, Tensor) else list(params)
    names = [each[0] for each in given if isinstance(each, tuple)]
    if names and len(names) != len(given):
        raise EngineError(f"{len(names)} of {len(given)} parameters of a group have names; name all or none")
    return [each[1] if isinstance(each, tuple) else each for each in given], names


def counter(p: Tensor, value: float = 0.0) -> Tensor:
    """[] for the state of p: a count, or a factor that changes with it, in PyTorch's dtype for these."""
    dtype: DType = float64 if get_default_dtype() is float64 else float32
    return zeros((), dtype=dtype, device=p.device) + value
