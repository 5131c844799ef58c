"""Modules that hold parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.autograd.tape import Variable
from engine.dtypes import of
from engine.errors import IndexError_
from engine.nn.module import Module
from engine.nn.parameter import Parameter

__all__ = ["ParameterDict", "ParameterList"]


def _held(value: Any) -> Any:
    """A tensor as a parameter; anything else as it is."""
    return Parameter(value) if isinstance(value, Variable) and not isinstance(value, Parameter) else value


def _line(name: str, value: Any) -> str:
    if not isinstance(value, Variable):
        return f"({name}): Object of type: {type(value).__name__}"
    dtype = of(value._data.dtype)
    size = "x".join(str(n) for n in value._data.shape)
    return f"({name}): Parameter containing: [{dtype} of size {size}]"


class ParameterList(Module):
    """A list of parameters that count as the owner's. Tensors in it become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        self.extend(values or ())

    def _name_at(self, index: int) -> str:
        if not -self._size <= index < self._size:
            raise IndexError_(f"index {index} is out of range for {self._size} parameters")
        return str(index % self._size)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ParameterList(list(self)[index])
        return self.__dict__[self._name_at(index)]

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name_at(index), _held(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self.__dict__[str(k)] for k in range(self._size)])

    def append(self, value: Any) -> ParameterList:
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def _child_lines(self) -> list[str]:
        return [_line(str(k), value) for k, value in enumerate(self)]


class ParameterDict(Module):
    """Parameters by name, which count as the owner's. Tensors in it become parameters."""

    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self._names: list[str] = []
        self.update(parameters or ())

    def __getitem__(self, key: str) -> Any:
        if key not in self._names:
            raise KeyError(f"there is no parameter {key!r}; there are {', '.join(self._names) or 'none'}")
        return self.__dict__[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self._names:
            self._check_name(key, "parameter", False)
            self._names.append(key)
        setattr(self, key, _held(value))

    def __delitem__(self, key: str) -> None:
        self[key]
        self._names.remove(key)
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __contains__(self, key: str) -> bool:
        return key in self._names

    def keys(self) -> Iterable[str]:
        return list(self._names)

    def values(self) -> Iterable[Any]:
        return [self[key] for key in self._names]

    def items(self) -> Iterable[tuple[str, Any]]:
        return [(key, self[key]) for key in self._names]

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        for key, value in parameters.items() if isinstance(parameters, Mapping) else parameters:
            self[key] = value

    def get(self, key: str, default: Any = None) -> Any:
        return self.__dict__[key] if key in self._names else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        for key in self:
            del self[key]

    def _child_lines(self) -> list[str]:
        return [_line(key, value) for key, value in self.items()]
