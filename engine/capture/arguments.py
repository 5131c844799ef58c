"""What a step is given and gives back: tensors in tuples, lists and dicts, beside plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.autograd.tape import Variable
from engine.capture.trace import address, owner
from engine.device import CPU, Device
from engine.dtypes import DType

# compared by value; everything else is compared by identity
PLAIN = (type(None), bool, int, float, complex, str, bytes, DType, Device, slice, type(Ellipsis), np.generic)


def tensors_in(value: Any, found: list[Any], others: list[Any]) -> Any:
    """The form of a value, to be compared and hashed; its tensors and other objects go to the lists."""
    if isinstance(value, Variable):
        found.append(value)
        return "tensor"
    kind = value.__class__
    if kind is tuple or kind is list:
        return kind, tuple([tensors_in(each, found, others) for each in value])
    if kind is dict:
        return kind, tuple([(key, tensors_in(each, found, others)) for key, each in value.items()])
    if isinstance(value, PLAIN):
        return kind, repr(value)
    others.append(value)
    return kind, id(value)


def described(x: Any) -> tuple[Any, ...]:
    """What a program depends on in a tensor that it is given."""
    data = x._data
    return data.shape, data.dtype, data.strides, data.flags.writeable, x._requires, x.__class__


def hooked(x: Any) -> bool:
    """Whether functions hang on a leaf."""
    hooks = getattr(x, "_hooks", None)
    return hooks is not None and bool(hooks.before or hooks.after)


def shared(arrays: list[Any]) -> tuple[tuple[int, int], ...]:
    """For each array the first one of the same memory, and how many bytes after that one it begins."""
    owners = [id(owner(array)) for array in arrays]
    firsts = [owners.index(each) for each in owners]
    return tuple(
        [
            (first, 0 if first == k else address(arrays[k]) - address(arrays[first]))
            for k, first in enumerate(firsts)
        ]
    )


def refused(tensors: list[Any], others: list[Any]) -> str:
    """Why a step can't be replayed with such arguments; empty where it can."""
    for x in tensors:
        if x._device is not CPU:
            return f"an argument is on {x._device}; only the CPU's steps are captured"
        if x._node is not None:
            return "an argument is the result of a recorded operation; detach() it"
        if hooked(x):
            return "an argument has hooks, and what they do in Python would be left out"
    for value in others:
        if isinstance(value, np.ndarray):
            return "an argument is an array; pass it as a tensor (from_numpy)"
        inside = value if isinstance(value, tuple) else getattr(value, "__dict__", {}).values()
        if not callable(value) and any(isinstance(each, Variable) for each in inside):
            kind = type(value).__name__
            return f"an argument is a {kind} with tensors in it; pass them in tuples, lists or dicts"
    return ""


def replaced(value: Any, put: Callable[[Any], Any]) -> Any:
    """The same tuples, lists and dicts with other things in the tensors' places.

    Raises TypeError for an object of another kind, which might hide tensors.
    """
    if isinstance(value, Variable):
        return put(value)
    kind = value.__class__
    if kind is tuple or kind is list:
        return kind([replaced(each, put) for each in value])
    if kind is dict:
        return {key: replaced(each, put) for key, each in value.items()}
    if isinstance(value, PLAIN):
        return value
    raise TypeError(
        f"the step returns a {kind.__name__}; return tensors, numbers, or tuples, lists and dicts of them"
    )
