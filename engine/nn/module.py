"""The base of every network: parameters, buffers and sub-modules are simply its attributes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from engine.autograd.hooks import Hook
from engine.autograd.tape import Variable
from engine.device import Device
from engine.errors import EngineError
from engine.nn.hooks import Hookable
from engine.nn.moves import conversion
from engine.nn.parameter import Parameter
from engine.nn.state import IncompatibleKeys, load_into
from engine.tensor import Tensor
from engine.tensor.creation import empty_like
from engine.tensor.refusals import STUMBLES, constructs, stumbled

M = TypeVar("M", bound="Module")


class Module(Hookable):
    """A network or a part of one. Subclasses define `forward`, and set their parts in `__init__`.

    An attribute that is a Parameter is a parameter, one that is a Module a sub-module; a tensor becomes a
    buffer by register_buffer. All are listed in the order in which they were first set.
    """

    training: bool = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        constructs(cls)

    def __init__(self) -> None:
        # buffer -> whether it is saved in the state_dict
        self._persistent: dict[str, bool] = {}
        self.training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run forward, between the hooks."""
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return self._hooks.call(self, args, kwargs)
        except STUMBLES as error:
            stumbled(type(self).forward, (self, *args), kwargs, error)
            raise

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise EngineError(
            f"{type(self).__name__} doesn't define forward(); define forward(self, …), with what calling "
            "it computes"
        )

    def __getattr__(self, name: str) -> Any:
        # only what isn't there arrives here
        owner = type(self).__name__
        if name == "_persistent":
            raise EngineError(f"{owner}.__init__ must call super().__init__() before anything is set or used")
        parts = [n for n in self.__dict__ if not n.startswith("_") and n != "training"]
        known = f"; it has {', '.join(parts)}" if parts else ""
        raise AttributeError(f"{owner} has no attribute {name!r}{known}", name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable | Module):
            if isinstance(value, Parameter | Module):
                _ = self._persistent  # fails where super().__init__() was forgotten
            elif isinstance(self.__dict__.get(name), Parameter):
                raise EngineError(
                    f"{name} is a parameter of {type(self).__name__} and can't become a plain tensor; "
                    "assign a Parameter or None, or copy the values with copy_() under no_grad()"
                )
        elif value is not None and name in self.__dict__.get("_persistent", ()):
            raise EngineError(
                f"{name} is a buffer of {type(self).__name__} and can't become {type(value).__name__}; "
                "assign a tensor or None"
            )
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._persistent.pop(name, None)

    # what it is made of

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """A tensor that belongs to the module but isn't learned; if persistent it is in the state_dict."""
        self._check_name(name, "buffer", name in self._persistent)
        if tensor is not None and not isinstance(tensor, Variable):
            raise EngineError(f"buffer {name!r} must be a tensor or None, not {type(tensor).__name__}")
        self._persistent[name] = persistent
        object.__setattr__(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """The same as setting an attribute; None stands for a parameter that isn't there."""
        before = self.__dict__.get(name)
        self._check_name(name, "parameter", before is None or isinstance(before, Parameter))
        if param is not None and not isinstance(param, Parameter):
            raise EngineError(
                f"parameter {name!r} must be a Parameter or None, not {type(param).__name__}; wrap a "
                "tensor in "
                "nn.Parameter()"
            )
        setattr(self, name, param)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as setting an attribute, also under names that are no identifiers."""
        before = self.__dict__.get(name)
        self._check_name(name, "module", before is None or isinstance(before, Module))
        if module is not None and not isinstance(module, Module):
            raise EngineError(f"module {name!r} must be a Module or None, not {type(module).__name__}")
        setattr(self, name, module)

    add_module = register_module

    def _check_name(self, name: str, kind: str, own: bool) -> None:
        if not isinstance(name, str):
            raise EngineError(f"the name of a {kind} must be a string, not {name!r}")
        if "." in name or not name:
            raise EngineError(f"the name of a {kind} must not be empty or have a dot in it: {name!r}")
        if hasattr(type(self), name) or (name in self.__dict__ and not own):
            raise EngineError(
                f"{type(self).__name__} has an attribute {name!r} already; give the {kind} another name"
            )

    def named_children(self) -> Iterator[tuple[str, Module]]:
        seen: set[int] = set()
        for name, value in list(self.__dict__.items()):
            if isinstance(value, Module) and id(value) not in seen:
                seen.add(id(value))
                yield name, value

    def children(self) -> Iterator[Module]:
        for _, child in self.named_children():
            yield child

    @property
    def _modules(self) -> dict[str, Module]:
        return {name: value for name, value in self.__dict__.items() if isinstance(value, Module)}

    @property
    def _parameters(self) -> dict[str, Parameter]:
        return {name: value for name, value in self.__dict__.items() if isinstance(value, Parameter)}

    @property
    def _buffers(self) -> dict[str, Tensor | None]:
        return {name: self.__dict__.get(name) for name in self._persistent}

    def named_modules(
        self, memo: set[int] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module as "", and every one beneath it by its path."""
        memo = set() if memo is None else memo
        if remove_duplicate and id(self) in memo:
            return
        memo.add(id(self))
        yield prefix, self
        for name, child in self._modules.items():
            yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        for _, module in self.named_modules():
            yield module

    def _own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        for name, value in list(self.__dict__.items()):
            if isinstance(value, Parameter):
                yield name, value

    def _own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        for name in list(self._persistent):
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
            parts = module._modules
            if name not in parts:
                raise EngineError(
                    f"{type(self).__name__} has no sub-module {target!r}: {type(module).__name__} has no "
                    "module "
                    f"{name!r}, only {', '.join(parts) or 'none'}"
                )
            module = parts[name]
        return module  # type: ignore[no-any-return]  # it is a Module

    def set_submodule(self, target: str, module: Module) -> None:
        """Replace the module at a path."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        self.get_submodule(target)
        owner.register_module(name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path, such as "fc1.weight"."""
        return self._found(target, Module._own_parameters, "parameter")  # type: ignore[return-value]  # it is one

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path, such as "norm.running_mean"."""
        return self._found(target, Module._own_buffers, "buffer")

    def _found(self, target: str, own: Callable[[Module], Iterator[tuple[str, Any]]], kind: str) -> Tensor:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found = dict(own(owner))
        if name not in found:
            raise EngineError(
                f"{type(self).__name__} has no {kind} {target!r}: {type(owner).__name__} has no {kind} "
                f"{name!r}, only "
                f"{', '.join(found) or 'none'}"
            )
        return found[name]  # type: ignore[no-any-return]  # it is a Tensor

    # its state

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Tensor]:
        """Parameters and persistent buffers by path, sharing the module's memory.

        destination: a dict to fill instead of a new one
        keep_vars: the parameters themselves, rather than tensors outside any graph
        """
        state: OrderedDict[str, Tensor] = OrderedDict() if destination is None else destination
        for hook in self._state_hooks("state_before"):
            hook(self, prefix, keep_vars)
        for name, value in self._own_parameters():
            state[prefix + name] = value if keep_vars else value.detach()
        for name, buffer in self._own_buffers():
            if self._persistent[name]:
                state[prefix + name] = buffer if keep_vars else buffer.detach()
        for name, child in self._modules.items():
            child.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_hooks("state_after"):
            changed = hook(self, state, prefix, {})
            if changed is not None:
                state = changed
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values (tensors or arrays) into the parameters and buffers of the same paths.

        assign: let the given tensors become the parameters and buffers, with their dtypes and devices
        Raises CheckpointError that lists every shape that differs and, if strict, every key that is missing
        or unexpected; nothing is changed then. Returns (missing_keys, unexpected_keys).
        """
        given = OrderedDict(state_dict)
        missing: list[str] = []
        unexpected: list[str] = []
        complaints: list[str] = []
        modules = list(self.named_modules(remove_duplicate=False))
        for path, module in modules:
            prefix = f"{path}." if path else ""
            for hook in module._state_hooks("load_before"):
                hook(module, given, prefix, {}, strict, missing, unexpected, complaints)
        result = load_into(self, given, strict, assign, missing, unexpected, complaints)
        for _, module in modules:
            for hook in module._state_hooks("load_after"):
                hook(module, result)
        return result

    def _state_hooks(self, when: str) -> list[Hook]:
        return [] if self._hooks is None else list(getattr(self._hooks, when).values())

    # what can be done with all of it

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call fn on every module beneath, then on this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def _apply(self: M, fn: Callable[[Tensor], Tensor]) -> M:
        for module in self.modules():
            for _, parameter in module._own_parameters():
                parameter.data = fn(parameter.detach())
                if parameter.grad is not None:
                    parameter.grad = fn(parameter.grad.detach())
            for name, buffer in list(module._own_buffers()):
                object.__setattr__(module, name, fn(buffer))
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Move parameters and buffers to a device, and the floating-point ones to a dtype, in place."""
        return self._apply(conversion(args, kwargs))

    def to_empty(self: M, *, device: str | Device | None) -> M:
        """Move to a device without the values: what to do with a module that was made on a meta device."""
        return self._apply(lambda x: empty_like(x, device=device))

    def _to_floating(self: M, convert: Callable[[Tensor], Tensor]) -> M:
        return self._apply(lambda x: convert(x) if x.is_floating_point() else x)

    def float(self: M) -> M:
        return self._to_floating(lambda x: x.float())

    def double(self: M) -> M:
        return self._to_floating(lambda x: x.double())

    def half(self: M) -> M:
        return self._to_floating(lambda x: x.half())

    def bfloat16(self: M) -> M:
        return self._to_floating(lambda x: x.bfloat16())

    def type(self: M, dst_type: Any) -> M:
        """All parameters and buffers in another dtype."""
        return self._apply(lambda x: x.to(dst_type))

    def cpu(self: M) -> M:
        return self._apply(lambda x: x.cpu())

    def cuda(self: M, device: Any = None) -> M:
        return self._apply(lambda x: x.cuda(device))

    def train(self: M, mode: bool = True) -> M:
        """Set training mode (dropout drops, normalisation gathers statistics) here and beneath."""
        if not isinstance(mode, bool):
            raise EngineError(f"train() takes True or False, not {mode!r}")
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

    # how it prints

    def extra_repr(self) -> str:
        """The arguments, as repr() shows them."""
        return ""

    def _child_lines(self) -> list[str]:
        return [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self._modules.items()]

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = self._child_lines()
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        lines = [*(extra.split("\n") if extra else []), *children]
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"
