"""Modules that hold modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, overload

from engine.errors import EngineError, IndexError_
from engine.nn.module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Numbered(Module):
    """Children named "0", "1", ..."""

    def _all(self) -> list[Module]:
        # unlike children(), a module that is held twice counts twice
        return list(self._modules.values())

    def _renumber(self, modules: Iterable[Module]) -> None:
        for name in list(self._modules):
            delattr(self, name)
        for k, module in enumerate(modules):
            self.add_module(str(k), module)

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Module]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> _Numbered: ...
    def __getitem__(self, index: int | slice) -> Module | _Numbered:
        found = self._all()[index] if isinstance(index, slice) else self._at(index)
        return found if isinstance(found, Module) else type(self)(*self._packed(found))

    def _packed(self, modules: list[Module]) -> tuple[Any, ...]:
        return tuple(modules)

    def _at(self, index: int) -> Module:
        modules = self._all()
        if not -len(modules) <= index < len(modules):
            raise IndexError_(f"index {index} is out of range for {len(modules)} modules")
        return modules[index]

    def __setitem__(self, index: int, module: Module) -> None:
        names = list(self._modules)
        self._at(index)
        self.register_module(names[index], module)

    def __delitem__(self, index: int | slice) -> None:
        modules = self._all()
        if isinstance(index, int):
            self._at(index)
        del modules[index]
        self._renumber(modules)

    def pop(self, index: int = -1) -> Module:
        module = self._at(index)
        del self[index]
        return module

    def append(self, module: Module) -> Any:
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        modules = self._all()
        if not -len(modules) <= index <= len(modules):
            raise IndexError_(f"index {index} is out of range for inserting into {len(modules)} modules")
        modules.insert(index, module)
        self._renumber(modules)
        return self


class Sequential(_Numbered):
    """Modules one after the other: each is called on the result of the one before.

    Made of modules, which are named "0", "1", ..., or of one mapping of names to modules.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], Mapping) else enumerate(args)
        for name, module in named:
            if not isinstance(module, Module):
                given = f"the class {module.__name__}" if isinstance(module, type) else type(module).__name__
                hint = "; call it to make a module" if isinstance(module, type) else ""
                if isinstance(module, list | tuple):
                    hint = "; unpack it with *"
                raise EngineError(f"Sequential takes modules, and argument {name} is {given}{hint}")
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        for module in list(self.__dict__.values()):
            if isinstance(module, Module):
                input = module(input)
        return input

    def __add__(self, other: Sequential) -> Sequential:
        """Both, one after the other."""
        return Sequential(*self, *other)


class ModuleList(_Numbered):
    """A list of modules whose parameters count as the owner's. It has no forward of its own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or ())

    def _packed(self, modules: list[Module]) -> tuple[Any, ...]:
        return (modules,)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        """A list of the modules of both."""
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        self.extend(other)
        return self

    def _child_lines(self) -> list[str]:
        """As in PyTorch, equal neighbours share a line."""
        groups: list[tuple[int, int, str]] = []
        for k, module in enumerate(self._all()):
            text = repr(module).replace("\n", "\n  ")
            if groups and groups[-1][2] == text:
                groups[-1] = (groups[-1][0], k, text)
            else:
                groups.append((k, k, text))
        return [
            f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in groups
        ]


class ModuleDict(Module):
    """Modules by name, whose parameters count as the owner's. It has no forward of its own."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update(modules or ())

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        for name, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[name] = module

    def _held(self) -> dict[str, Module]:
        return self._modules

    def __getitem__(self, key: str) -> Module:
        held = self._held()
        if key not in held:
            raise KeyError(f"there is no module {key!r}; there are {', '.join(held) or 'none'}")
        return held[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def clear(self) -> None:
        for key in self._held():
            del self[key]

    def pop(self, key: str) -> Module:
        module = self[key]
        del self[key]
        return module

    def __delitem__(self, key: str) -> None:
        self[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._held())

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __contains__(self, key: str) -> bool:
        return key in self._held()

    def keys(self) -> Iterable[str]:
        return self._held().keys()

    def values(self) -> Iterable[Module]:
        return self._held().values()

    def items(self) -> Iterable[tuple[str, Module]]:
        return self._held().items()
