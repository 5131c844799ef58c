"""The base of every network: parameters, buffers and sub-modules are simply its attributes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from engine.autograd.tape import Variable
from engine.errors import EngineError
from engine.nn.parameter import Parameter
from engine.nn.state import IncompatibleKeys, load_into
from engine.tensor import Tensor
from engine.tensor.conversions import destination

M = TypeVar("M", bound="Module")
Hook = Callable[..., Any]


class Module:
    """A network or a part of one. Subclasses define `forward`, and set their parts in `__init__`.

    An attribute that is a Parameter is a parameter, one that is a Module a sub-module; a tensor becomes a
    buffer by register_buffer. All are listed in the order in which they were first set.
    """

    training: bool = True

    if TYPE_CHECKING:
        # parameters, buffers and sub-modules may be set under any name
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self) -> None:
        # name -> whether it is saved in the state_dict
        self._buffers: dict[str, bool] = {}
        self._hooks: dict[int, Hook] = {}
        self._pre_hooks: dict[int, Hook] = {}
        self.training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run forward, between the hooks."""
        if not self._pre_hooks and not self._hooks:
            return self.forward(*args, **kwargs)
        for hook in list(self._pre_hooks.values()):
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        out = self.forward(*args, **kwargs)
        for hook in list(self._hooks.values()):
            changed = hook(self, args, out)
            out = out if changed is None else changed
        return out

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise EngineError(f"{type(self).__name__} doesn't define forward()")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and not isinstance(value, Parameter):
            before = self.__dict__.get(name)
            if isinstance(before, Parameter):
                raise EngineError(
                    f"{name} is a parameter of {type(self).__name__} and can't become a plain tensor; "
                    "assign a Parameter or None, or copy the values with copy_() under no_grad()"
                )
        object.__setattr__(self, name, value)

    # what it is made of

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the module but isn't learned; if persistent it is in the state_dict."""
        self._buffers[name] = persistent
        object.__setattr__(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        setattr(self, name, param)

    def register_module(self, name: str, module: Module | None) -> None:
        setattr(self, name, module)

    add_module = register_module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        for name, value in self.__dict__.items():
            if isinstance(value, Module):
                yield name, value

    def children(self) -> Iterator[Module]:
        for _, child in self.named_children():
            yield child

    def named_modules(
        self, memo: set[int] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module as "", and every one beneath it by its path."""
        memo = set() if memo is None else memo
        if remove_duplicate and id(self) in memo:
            return
        memo.add(id(self))
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        for _, module in self.named_modules():
            yield module

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        for name, value in self.__dict__.items():
            if isinstance(value, Parameter):
                yield name, value

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        for name in self._buffers:
            value = self.__dict__.get(name)
            if value is not None:
                yield name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter by its path; one that is shared appears under its first path only."""
        yield from self._named(Module._own_parameters, prefix, recurse, remove_duplicate)

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer by its path."""
        yield from self._named(Module._own_buffers, prefix, recurse, remove_duplicate)

    def _named(
        self,
        own: Callable[[Module], Iterator[tuple[str, Any]]],
        prefix: str,
        recurse: bool,
        remove_duplicate: bool,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules if recurse else [(prefix, self)]:
            for name, value in own(module):
                if remove_duplicate and id(value) in seen:
                    continue
                seen.add(id(value))
                yield (f"{path}.{name}" if path else name), value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a path, such as "encoder.0"."""
        module: Any = self
        for name in target.split(".") if target else []:
            module = module.__dict__.get(name)
            if not isinstance(module, Module):
                raise EngineError(f"{type(self).__name__} has no sub-module {target!r}: {name!r} isn't one")
        return module  # type: ignore[no-any-return]

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path, such as "fc1.weight"."""
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path).__dict__.get(name)
        if not isinstance(found, Parameter):
            raise EngineError(f"{type(self).__name__} has no parameter {target!r}")
        return found

    # its state

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Parameters and persistent buffers by path, sharing the module's memory, outside any graph."""
        state: OrderedDict[str, Tensor] = OrderedDict()
        for path, module in self.named_modules(remove_duplicate=False):
            start = prefix + (f"{path}." if path else "")
            for name, value in module._own_parameters():
                state[start + name] = value if keep_vars else value.detach()
            for name, buffer in module._own_buffers():
                if module._buffers[name]:
                    state[start + name] = buffer if keep_vars else buffer.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy values (tensors or arrays) into the parameters and buffers of the same paths.

        Raises CheckpointError that lists every shape that differs and, if strict, every key that is missing
        or unexpected; nothing is changed then. Returns (missing_keys, unexpected_keys).
        """
        return load_into(type(self).__name__, self.state_dict(), state_dict, strict)

    # what can be done with all of it

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call fn on every module beneath, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def _convert(self: M, convert: Callable[[Tensor], Tensor]) -> M:
        for module in self.modules():
            for _, parameter in module._own_parameters():
                parameter.data = convert(parameter.detach())
                if parameter.grad is not None:
                    parameter.grad = convert(parameter.grad.detach())
            for name, buffer in list(module._own_buffers()):
                object.__setattr__(module, name, convert(buffer))
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Move parameters and buffers to a device, and the floating-point ones to a dtype, in place."""
        dtype, device = destination(args, **kwargs)

        def convert(x: Tensor) -> Tensor:
            return x.to(device=device, dtype=dtype if x.is_floating_point() else None)

        return self._convert(convert)

    def float(self: M) -> M:
        return self._convert(lambda x: x.float() if x.is_floating_point() else x)

    def double(self: M) -> M:
        return self._convert(lambda x: x.double() if x.is_floating_point() else x)

    def train(self: M, mode: bool = True) -> M:
        """Set training mode (dropout drops, normalisation gathers statistics) here and beneath."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Set evaluation mode: train(False)."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.detach_().zero_()

    # hooks

    def register_forward_pre_hook(self, hook: Hook) -> RemovableHook:
        """Call hook(module, args) before forward; what it returns replaces the arguments."""
        return RemovableHook(self._pre_hooks, hook)

    def register_forward_hook(self, hook: Hook) -> RemovableHook:
        """Call hook(module, args, output) after forward; what it returns replaces the output."""
        return RemovableHook(self._hooks, hook)

    # how it prints

    def extra_repr(self) -> str:
        """The arguments, as repr() shows them."""
        return ""

    def __repr__(self) -> str:
        lines = []
        for name, child in self.named_children():
            lines.append(f"({name}): " + repr(child).replace("\n", "\n  "))
        extra = self.extra_repr()
        if not lines:
            return f"{type(self).__name__}({extra})"
        return f"{type(self).__name__}({extra}\n  " + "\n  ".join(lines) + "\n)"


class RemovableHook:
    """What registering a hook returns; `remove()` takes it away again."""

    def __init__(self, hooks: dict[int, Hook], hook: Hook) -> None:
        self._hooks = hooks
        hooks[id(self)] = hook

    def remove(self) -> None:
        self._hooks.pop(id(self), None)
