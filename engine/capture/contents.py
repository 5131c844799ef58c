"""What objects hold besides attributes: sets, deques, arrays, slots, the states of random generators."""

from __future__ import annotations

import gc
import io
import random
import types
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence, MutableSet
from typing import Any

import numpy as np

ABSENT = object()
# more entries than this are data: guarded by their number alone
LARGE = 1000
_VIEWS: tuple[type, ...] = (types.MappingProxyType, type({}.keys()), type({}.values()), type({}.items()))


def contents(found: Any) -> Callable[[], list[Any]] | None:
    """What gives the contents of a set, a deque or an array, as they are; None for other objects."""
    if isinstance(found, (set, deque)):
        return lambda: [len(found)] if len(found) > LARGE else list(found)
    if isinstance(found, np.ndarray):
        return lambda: [found.size] if found.size > LARGE else [found.tobytes()]
    if isinstance(found, bytearray):
        return lambda: [len(found)] if len(found) > LARGE else [bytes(found)]
    return None


def drawn(found: Any) -> Callable[[], list[Any]] | None:
    """What gives the state of one of Python's or NumPy's random generators; None for other objects."""
    if isinstance(found, random.Random) and not isinstance(found, random.SystemRandom):
        return lambda: [repr(found.getstate())]
    if isinstance(found, np.random.Generator):
        return lambda: [_flat(found.bit_generator.state)]
    if isinstance(found, np.random.BitGenerator):
        return lambda: [_flat(found.state)]
    if isinstance(found, np.random.RandomState):
        return lambda: [_flat(found.get_state(legacy=False))]
    return None


def within(found: Any) -> list[Any]:
    """The objects of the user's that an object of Python's own kinds leads to."""
    if isinstance(found, property):
        return [found.fget, found.fset, found.fdel]
    if isinstance(found, (staticmethod, classmethod)):
        return [found.__func__]
    if isinstance(found, types.BuiltinFunctionType):
        return [] if isinstance(found.__self__, types.ModuleType) else [found.__self__]
    if isinstance(found, frozenset):
        return list(found)
    if isinstance(found, _VIEWS):
        return gc.get_referents(found)
    return []


def unwatched(found: Any) -> str:
    """Which kind of object is one that changes unseen; empty where none of these."""
    if isinstance(found, random.SystemRandom):
        return "a generator of the system's random numbers"
    if isinstance(found, np.ndarray) and found.dtype.hasobject:
        return "an array of objects"
    if isinstance(found, Iterator) and not isinstance(found, io.IOBase):
        return f"an iterator ({type(found).__name__})"
    if isinstance(found, memoryview) and not found.readonly:
        return "a view of memory"
    inside = isinstance(found, (dict, list, set, deque, bytearray)) or hasattr(found, "__dict__")
    if not inside and isinstance(found, (MutableMapping, MutableSequence, MutableSet)):
        return f"a container of the kind {type(found).__name__}"
    return ""


def slots(found: Any) -> list[Any]:
    """The descriptors of an object's __slots__."""
    return [
        member
        for kind in type(found).__mro__
        if "__slots__" in vars(kind)
        for member in vars(kind).values()
        if isinstance(member, types.MemberDescriptorType)
    ]


def slot(member: Any, found: Any) -> Any:
    """What is in one of them."""
    try:
        return member.__get__(found)
    except AttributeError:  # nothing was put there
        return ABSENT


def _flat(state: Any) -> str:
    """The whole of a generator's state; arrays would be abridged."""
    if isinstance(state, dict):
        return str({name: _flat(value) for name, value in state.items()})
    return state.tobytes().hex() if isinstance(state, np.ndarray) else repr(state)
