"""Where what native calls compute lies: in the arena, in arrays that leave the step, in tiles of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backends import native
from engine.capture.arena import Need, memory, planned
from engine.capture.fusion import Unit
from engine.capture.places import Places
from engine.capture.trace import Call, address


@dataclass
class Copy:
    """A copy of an operand without its gaps: how it is made, its form, and where in the arena it lies."""

    call: Any
    array: Any
    offset: int = 0

    def lying_in(self, arena: Any, array: Any) -> Any:
        """What shows of it an array that shows its form."""
        at = self.offset + address(array) - address(self.array)
        return np.ndarray(array.shape, array.dtype, arena, at, array.strides)


class Layout:
    """The arena's plan.

    in_arena: roots that lie in the arena
    arena, arena_bytes: that memory, None where there is none, and its size
    tiles: bytes after the first tile's beginning, of what stays inside a chain
    tile_bytes: of all tiles of a chain, by its first call
    """

    def __init__(
        self,
        calls: list[Call],
        places: Places,
        units: list[Unit],
        in_arena: set[int],
        inside: set[int],
        packed: Mapping[int, Mapping[int, Copy]],
    ) -> None:
        self._calls, self._places, self._values = calls, places, places.values
        self.in_arena = in_arena
        # the last call that needs a root
        self._last = dict(places.made_by)
        for n, call in enumerate(calls):
            if not places.is_view(call):
                self._last.update({places.root[k]: n for k in call.operands})
        self._offsets, self.arena_bytes = self._plan(units, packed)
        self.arena = memory(self.arena_bytes) if self.arena_bytes else None
        self.tiles: dict[int, int] = {}
        self.tile_bytes: dict[int, int] = {}
        for unit in units:
            roots = [k for n in unit.calls for k in calls[n].results if k in inside]
            needs = [
                Need(native.TILE * self._values[k].array.itemsize, places.made_by[k], self._last[k])
                for k in roots
            ]
            offsets, self.tile_bytes[unit.calls[0]] = planned(needs)
            self.tiles.update(zip(roots, offsets, strict=True))

    def shown(self, k: int) -> Any:
        """A value in the arena."""
        shape, dtype, strides = self._values[k].form
        at = self._offsets[self._places.root[k]] + self._places.offset[k]
        return np.ndarray(shape, dtype, self.arena, at, strides)

    def lying_in(self, root: int, array: Any, offset: int) -> Any:
        """What shows of a root an array that begins so many bytes after it."""
        return np.ndarray(array.shape, array.dtype, self.arena, self._offsets[root] + offset, array.strides)

    def _plan(
        self, units: list[Unit], packed: Mapping[int, Mapping[int, Copy]]
    ) -> tuple[dict[int, int], int]:
        made_by = self._places.made_by
        # each root's place is that of the one which it takes over
        taken = {k: k for k in sorted(self.in_arena, key=made_by.__getitem__)}
        leaders = {n: unit.calls[0] for unit in units if unit.led for n in unit.calls[1:]}
        for k in taken:
            if (over := self._taken_over(k, leaders)) is not None:
                taken[k] = taken[over]
        ends: dict[int, int] = {}
        for k, place in taken.items():
            ends[place] = max(ends.get(place, 0), self._last[k])
        # calls that are made together need all that they need at once
        time = {n: at for at, unit in enumerate(units) for n in unit.calls}
        needs = [
            Need(max(self._values[k].array.nbytes, 1), time[made_by[k]], time[end]) for k, end in ends.items()
        ]
        copies = [(n, copy) for n, each in packed.items() for copy in each.values()]
        needs += [Need(copy.array.nbytes, time[n], time[n]) for n, copy in copies]
        offsets, size = planned(needs)
        for (_, copy), offset in zip(copies, offsets[len(ends) :], strict=True):
            copy.offset = offset
        of = dict(zip(ends, offsets, strict=False))
        return {k: of[place] for k, place in taken.items()}, size

    def _taken_over(self, k: int, leaders: Mapping[int, int]) -> int | None:
        """The root whose memory a result can overwrite, element by element, as nobody needs it any longer.

        leaders: of calls in chains, those that are still at work when these follow them
        """
        n = self._places.made_by[k]
        call, root = self._calls[n], self._places.root
        if call.op not in native.IN_PLACE:
            return None
        busy = {root[each] for each in self._calls[leaders[n]].operands} if n in leaders else set()
        roots = [root[each] for each in call.operands]
        for each, over in zip(call.operands, roots, strict=True):
            if (
                over in self.in_arena
                and over not in busy
                and self._last[over] == n
                and roots.count(over) == 1
                and self._values[each].form == self._values[over].form == self._values[k].form
            ):
                return over
        return None
