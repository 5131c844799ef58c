"""NumPy's names of two arguments, which PyTorch takes as well: axis for dim, keepdims for keepdim."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

OLD_NAMES = {"axis": "dim", "keepdims": "keepdim"}


class _Absent:
    def __repr__(self) -> str:
        return "not given"


ABSENT = _Absent()


def old_names(parameters: Iterable[str]) -> dict[str, str]:
    """By NumPy's name, those of a function's parameters that have one."""
    known = set(parameters)
    return {old: new for old, new in OLD_NAMES.items() if new in known and old not in known}


def renamed(frame: Callable[..., Any], function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """A call with NumPy's names of arguments, or with too few; what is ABSENT isn't passed on.

    frame: the function in a frame that explains errors
    """
    passed = {name: value for name, value in given.items() if value is not ABSENT}
    found = [old for old in OLD_NAMES if old in passed]
    if not found:
        return function(**passed)  # Python says what is missing
    parameters = inspect.signature(function).parameters
    for old in found:
        new = OLD_NAMES[old]
        if new in passed and passed[new] is not parameters[new].default:
            raise TypeError(f"{function.__name__}() got {new} and {old}, which are the same; give one")
        passed[new] = passed.pop(old)
    return frame(**passed)
