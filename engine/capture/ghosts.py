"""Arrays that stand for others which are gone: of the same form, at addresses of their own, without memory.

A recording outlives what a step computes on its way. It needs the forms of those arrays, and which of them
show the same memory at what distance, but not their values; held themselves, they would take a step's memory
several times over.
"""

from __future__ import annotations

import mmap
import weakref
from typing import Any

import numpy as np

from engine.capture.trace import owner

# bytes that are mapped at once, since a process may have some 65,000 mappings; whoever needs more has its own
_MAPPED = 1 << 26
# bytes from one memory's start to the next one's, or several times as many
_APART = 64


class _Memory:
    """Some bytes of a mapping, as an object of their own: by it views of one memory are known as such."""

    def __init__(self, mapping: Any, start: int, size: int) -> None:
        self._mapping = mapping
        first = mapping.__array_interface__["data"][0] + start
        self.__array_interface__ = {"version": 3, "data": (first, False), "shape": (size,), "typestr": "|u1"}


class Ghosts:
    """Of each array that is shown one stand-in, as long as the array is there."""

    def __init__(self) -> None:
        # by the id of an owner: a reference, which forgets it in time, and the memory that stands for it
        self._memories: dict[int, tuple[Any, Any]] = {}
        # what is mapped, and how much of it stands for something
        self._mapping: Any = np.empty(0, np.uint8)
        self._taken = 0

    def stand_in(self, array: Any) -> Any:
        """An array of the same form whose memory is never touched; the array itself where there is none.

        Raises OSError if the system maps no more memory.
        """
        of = owner(array)
        if not isinstance(of, np.ndarray):
            return array
        key = id(of)
        if key not in self._memories:
            memories = self._memories
            gone = weakref.ref(of, lambda _: memories.pop(key, None))
            memories[key] = gone, np.asarray(self._carved(max(of.nbytes, 1)))
        memory = self._memories[key][1]
        at = array.__array_interface__["data"][0] - of.__array_interface__["data"][0]
        return np.ndarray(array.shape, array.dtype, memory, at, array.strides)

    def _carved(self, size: int) -> _Memory:
        """Memory that stands for nothing yet."""
        if self._taken + size > self._mapping.size:
            # mapped, and so no page of it is there before it is written to
            self._mapping, self._taken = np.frombuffer(mmap.mmap(-1, max(size, _MAPPED)), np.uint8), 0
        start = self._taken
        self._taken += -(-size // _APART) * _APART
        return _Memory(self._mapping, start, size)
