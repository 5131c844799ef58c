"""Weight and spectral normalisation under the names, and with the state dicts, of PyTorch's older functions.

A hook computes the weight before each forward. The newer ones are in parametrizations.py.
"""

from __future__ import annotations

from typing import Any, TypeVar

from engine.errors import EngineError
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.nn.utils.parametrizations import PowerIteration, norm_except, rows_axis
from engine.tensor import Tensor

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _Computed:
    """A forward pre-hook that sets the tensor `name` of a module from its other parts."""

    kind = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def compute(self, module: Module) -> Tensor:
        raise NotImplementedError

    def parts(self) -> list[str]:
        """The parameters and buffers that belong to it."""
        raise NotImplementedError

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.compute(module))

    def install(self, module: Module) -> None:
        """Let the tensor be computed from now on."""
        known = vars(module).setdefault("_computed", {})
        known[self.kind, self.name] = (self, module.register_forward_pre_hook(self))

    @classmethod
    def uninstall(cls, module: Module, name: str) -> None:
        """Let it be a plain parameter again, with the values that it has."""
        known = vars(module).get("_computed", {})
        if (cls.kind, name) not in known:
            raise EngineError(f"{cls.kind} of {name!r} isn't applied to this {type(module).__name__}")
        hook, handle = known.pop((cls.kind, name))
        handle.remove()
        value = hook.compute(module).detach().clone()
        if name in vars(module):
            delattr(module, name)
        for part in hook.parts():
            delattr(module, part)
        module.register_parameter(name, Parameter(value))


def _taken(module: Module, name: str, kind: str) -> Tensor:
    """The parameter `name`, removed from the module."""
    if (kind, name) in vars(module).get("_computed", {}):
        raise EngineError(f"{kind} is applied to {name!r} of this {type(module).__name__} already")
    weight = vars(module).get(name)
    if not isinstance(weight, Parameter):
        raise EngineError(
            f"{type(module).__name__} has no parameter {name!r} for {kind}; it has "
            f"{', '.join(module._parameters) or 'none'}"
        )
    delattr(module, name)
    return weight


class _WeightNorm(_Computed):
    kind = "weight_norm"

    def __init__(self, name: str, dim: int | None) -> None:
        super().__init__(name)
        self.dim = dim

    def compute(self, module: Module) -> Tensor:
        g, v = (getattr(module, part) for part in self.parts())
        return v * (g / norm_except(v, self.dim))  # type: ignore[no-any-return]  # parts are found by name

    def parts(self) -> list[str]:
        return [f"{self.name}_g", f"{self.name}_v"]


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Learn a weight as length times direction, g v / |v| (Salimans and Kingma 2016).

    dim: the axis whose slices have a length each; None for one length for the whole weight
    In the state dict g and v are <name>_g and <name>_v. Returns the module.
    """
    weight = _taken(module, name, _WeightNorm.kind)
    hook = _WeightNorm(name, dim)
    module.register_parameter(f"{name}_g", Parameter(norm_except(weight.detach(), dim)))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute(module))
    hook.install(module)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight a plain parameter again, with its present values. Returns the module."""
    _WeightNorm.uninstall(module, name)
    return module


class _SpectralNorm(_Computed):
    kind = "spectral_norm"

    def __init__(self, name: str, power: PowerIteration) -> None:
        super().__init__(name)
        self.power = power

    def compute(self, module: Module) -> Tensor:
        weight, u, v = (getattr(module, part) for part in self.parts())
        return weight / self.power.sigma(weight, u, v)  # type: ignore[no-any-return]  # as above

    def parts(self) -> list[str]:
        return [f"{self.name}_orig", f"{self.name}_u", f"{self.name}_v"]

    def __call__(self, module: Module, args: Any) -> None:
        if module.training:
            self.power.advance(*(getattr(module, part) for part in self.parts()))
        super().__call__(module, args)


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    """Divide a weight by its largest singular value, estimated by power iteration (Miyato et al. 2018).

    n_power_iterations: steps of it at each call in training
    eps: the least norm that a vector is divided by
    dim: the axis of the rows; None for that of the outputs
    In the state dict the weight is <name>_orig, and the singular vectors are <name>_u and <name>_v.
    Returns the module.
    """
    power = PowerIteration(rows_axis(module, dim), n_power_iterations, eps, u_first=False)
    weight = _taken(module, name, _SpectralNorm.kind)
    u, v = power.start(weight)
    module.register_parameter(f"{name}_orig", Parameter(weight.detach()))
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    # until the first call, as it was
    setattr(module, name, weight.detach())
    _SpectralNorm(name, power).install(module)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the weight a plain parameter again, with its present values. Returns the module."""
    _SpectralNorm.uninstall(module, name)
    return module
