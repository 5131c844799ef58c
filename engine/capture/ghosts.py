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


class Ghosts:
    """Of each array that is shown one stand-in, as long as the array is there."""

    def __init__(self) -> None:
        # by the id of an owner: a reference, which forgets it in time, and the memory that stands for it
        self._memories: dict[int, tuple[Any, Any]] = {}

    def stand_in(self, array: Any) -> Any:
        """An array of the same form whose memory is never touched; the array itself where there is none."""
        of = owner(array)
        if not isinstance(of, np.ndarray):
            return array
        key = id(of)
        if key not in self._memories:
            memories = self._memories
            gone = weakref.ref(of, lambda _: memories.pop(key, None))
            # mapped, and so no page of it is there before it is written to
            memories[key] = gone, np.frombuffer(mmap.mmap(-1, max(of.nbytes, 1)), np.uint8)
        memory = self._memories[key][1]
        at = array.__array_interface__["data"][0] - of.__array_interface__["data"][0]
        return np.ndarray(array.shape, array.dtype, memory, at, array.strides)
