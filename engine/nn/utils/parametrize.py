"""Parameters that are computed from others, each time they are used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.autograd import no_grad
from engine.errors import EngineError, ShapeError
from engine.nn.containers import ModuleDict, ModuleList
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class _Cache(threading.local):
    """What was computed within cached() blocks of the calling thread."""

    def __init__(self) -> None:
        self.depth = 0
        self.values: dict[tuple[int, str], Tensor] = {}


_CACHE = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Within the block, each parametrized tensor is computed once."""
    _CACHE.depth += 1
    try:
        yield
    finally:
        _CACHE.depth -= 1
        if _CACHE.depth == 0:
            _CACHE.values.clear()


class ParametrizationList(ModuleList):
    """The modules that one tensor goes through, and what it starts from.

    original, or original0, original1, ... where the first module's right_inverse gives several tensors
    """

    def __init__(self, modules: list[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        self.learned = isinstance(original, Parameter)
        start = self._inverted(original)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if isinstance(start, Tensor) else len(start)
        parts = [start] if isinstance(start, Tensor) else start
        for name, part in zip(self._names(), parts, strict=True):
            if isinstance(original, Parameter):
                self.register_parameter(name, Parameter(part.detach(), original.requires_grad))
            else:
                self.register_buffer(name, part)

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{k}" for k in range(self.ntensors)]

    def originals(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._names()]

    def _inverted(self, value: Tensor) -> Any:
        """What the modules make `value` of; modules without a right_inverse are given it as it is."""
        found: Any = value
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    found = module.right_inverse(found)
        return found

    def right_inverse(self, value: Tensor) -> None:
        """Set what it starts from, so that it comes to `value`."""
        start = self._inverted(value)
        with no_grad():
            for mine, new in zip(self.originals(), [start] if self.is_tensor else start, strict=True):
                if new.shape != mine.shape:
                    raise ShapeError(
                        f"right_inverse gave shape {new.shape} for a tensor of shape {mine.shape}"
                    )
                mine.copy_(new)

    def forward(self) -> Tensor:
        modules = iter(self)
        out: Tensor = next(modules)(*self.originals())
        for module in modules:
            out = module(out)
        return out


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter or buffer of a module be what `parametrization` makes of it from now on.

    The module's class becomes one that computes the tensor where it is asked for; what it starts from is
    module.parametrizations.<tensor_name>.original (original0, ... where right_inverse gives several). More
    parametrizations of one tensor follow each other.
    unsafe: don't check that shape and dtype stay
    Returns the module. Raises ShapeError or EngineError where the parametrization doesn't fit.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        before = getattr(module, tensor_name)
        chain = module.parametrizations[tensor_name]
        if not unsafe:
            _check(tensor_name, before, parametrization(before))
        chain.append(parametrization)
        chain.unsafe = chain.unsafe or unsafe
        return module
    original = vars(module).get(tensor_name)
    if not isinstance(original, Tensor):
        raise EngineError(
            f"{type(module).__name__} has no parameter or buffer {tensor_name!r} to parametrize; it has "
            f"{', '.join([*module._parameters, *module._buffers]) or 'none'}"
        )
    chain = ParametrizationList([parametrization], original, unsafe)
    if not unsafe:
        _check(tensor_name, original, chain())
    if not is_parametrized(module):
        _change_class(module)
        module.parametrizations = ModuleDict()
    delattr(module, tensor_name)
    module.parametrizations[tensor_name] = chain
    _add_property(type(module), tensor_name)
    return module


def _check(name: str, before: Tensor, after: Any) -> None:
    if not isinstance(after, Tensor) or after.shape != before.shape or after.dtype is not before.dtype:
        given = f"{after.dtype} of shape {after.shape}" if isinstance(after, Tensor) else type(after).__name__
        raise ShapeError(
            f"the parametrization of {name} gives {given}, and {name} is {before.dtype} of shape "
            f"{before.shape}; pass unsafe=True if that is meant"
        )


def _change_class(module: Module) -> None:
    """Give the module a class of its own, to which properties can be added."""
    before = type(module)
    module.__class__ = type(f"Parametrized{before.__name__}", (before,), {"__module__": before.__module__})


def _add_property(owner: type, name: str) -> None:
    def get(self: Module) -> Tensor:
        chain = self.parametrizations[name]
        if not _CACHE.depth:
            return chain()  # type: ignore[no-any-return]  # what the parametrizations give
        key = (id(self), name)
        if key not in _CACHE.values:
            _CACHE.values[key] = chain()
        return _CACHE.values[key]

    def put(self: Module, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(owner, name, property(get, put))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has parametrized tensors, or this one is."""
    chains = vars(module).get("parametrizations")
    if not isinstance(chains, ModuleDict):
        return False
    return bool(len(chains)) if tensor_name is None else tensor_name in chains


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had before its first parametrization."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor a plain one again.

    leave_parametrized: with its present value; else with what it started from, if that is one tensor
    Returns the module.
    """
    if not is_parametrized(module, tensor_name):
        raise EngineError(f"{tensor_name!r} of {type(module).__name__} isn't parametrized")
    chain = module.parametrizations[tensor_name]
    if not leave_parametrized and not chain.is_tensor:
        raise EngineError(
            f"{tensor_name!r} starts from {chain.ntensors} tensors, so it can only be left parametrized"
        )
    originals = chain.originals()
    with no_grad():
        value = chain().detach().clone() if leave_parametrized else originals[0].detach()
    if chain.is_tensor:
        # the same object, so that an optimizer that has it goes on with it
        plain = originals[0]
        plain.data = value
    else:
        wanted = any(x.requires_grad for x in originals)
        plain = Parameter(value, wanted) if chain.learned else value
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    if isinstance(plain, Parameter):
        module.register_parameter(tensor_name, plain)
    else:
        module.register_buffer(tensor_name, plain)
    return module
