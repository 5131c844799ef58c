"""What functions' code names: globals, attributes, modules that it imports, learning rates."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

_FOREIGN = {*sys.stdlib_module_names, "numpy", "scipy", "engine"} - {"__main__"}
# code that names one of these may take learning rates for Python's numbers
_RATES = {"param_groups", "get_last_lr", "get_lr", "_last_lr", "last_epoch"}
_TEXTS = _RATES | {"lr", "initial_lr"}
# with one of these code may call any method
_ANY = {"getattr", "getattr_static", "vars", "__dict__", "__getattribute__", "attrgetter", "methodcaller"}


@functools.cache
def foreign(module: str) -> bool:
    """Whether a module is none of the user's: what it holds isn't looked at."""
    top = module.partition(".")[0]
    return top in _FOREIGN or "site-packages" in (getattr(sys.modules.get(top), "__file__", None) or "")


class Codes:
    """The functions that were met, and by which names they can call each other."""

    def __init__(self) -> None:
        self._all: list[tuple[int, set[str], set[str]]] = []
        self._methods: dict[int, str] = {}

    def add(self, function: types.FunctionType) -> set[str]:
        """The names that its code, and the functions within it, may read, of globals and attributes."""
        names, texts = _names(function.__code__)
        self._all.append((id(function), names, texts))
        return names

    def add_method(self, name: str, found: Any, kind: type) -> None:
        """Say that a function is only called by this name: neither Python nor foreign code calls it."""
        if not name.startswith("__") and not any(
            foreign(each.__module__) and name in vars(each) for each in kind.__mro__
        ):
            self._methods[id(getattr(found, "fget", getattr(found, "__func__", found)))] = name

    def read_rates(self) -> bool:
        """Whether code that the step can come to names learning rates."""
        rest, reached = self._all, set[str]()
        while True:
            called = [each for each in rest if self._methods.get(each[0]) in (None, *reached)]
            if not called:
                return False
            rest = [each for each in rest if each not in called]
            for _, names, texts in called:
                if names & _RATES or texts & _TEXTS:
                    return True
                reached |= names | texts
                if names & _ANY:
                    self._methods.clear()


def modules(space: dict[str, Any], names: set[str]) -> set[str]:
    """The user's modules among names, which code may import itself, also those beside its own module."""
    found = {name.partition(".")[0] for name in names} | names
    package = space.get("__package__") or ""
    while package:
        found |= {f"{package}.{name}" for name in names}
        package = package.rpartition(".")[0]
    return {name for name in found & sys.modules.keys() if not foreign(name)}


def _names(code: types.CodeType) -> tuple[set[str], set[str]]:
    names, texts = set(code.co_names), set()
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            inner = _names(each)
            names |= inner[0]
            texts |= inner[1]
        elif isinstance(each, str):
            texts.add(each)
    return names, texts
