"""Which native calls are made together: chains of element-wise calls, and optimizers' steps.

A chain goes through memory once: what its calls pass on stays in the cache. Where the call that made what it
works on says which parts are complete (`native.LEADING`), the chain takes each part as it comes. Calls move
up for that, to where what they need is there. Optimizers' steps share their work in one round of the threads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.backends import native
from engine.backends.native.rows import Native
from engine.capture.liveness import Liveness
from engine.capture.places import Places
from engine.capture.trace import Call

# calls of a chain: what it takes to find out who belongs to it grows with their square
_LONGEST = 64


@dataclass
class Unit:
    """Calls that are made together, by their places in the order of all; or one by itself.

    elements: that each call of a chain gives; 0 for what is no chain
    led: whether the first isn't element-wise, but leads the others
    round: whether they are optimizers' steps
    """

    calls: list[int]
    elements: int = 0
    led: bool = False
    round: bool = False

    @property
    def chained(self) -> list[int]:
        """Those that work part by part."""
        return self.calls[self.led :] if self.elements > 0 and len(self.calls) > 1 else []

    def label(self, calls: list[Call]) -> str:
        """What it does, for reading."""
        ops = [calls[n].op for n in self.calls]
        if self.round and len(ops) > 1:
            return " + ".join(f"{op} x {count}" for op, count in Counter(ops).items())
        return " + ".join(ops)


class Fusion:
    """The units of some calls, in the order in which they are made."""

    def __init__(
        self, calls: list[Call], live: Liveness, places: Places, made: Mapping[int, Native], leaving: set[int]
    ) -> None:
        """made: of the native calls, how; leaving: roots of the values that leave the step"""
        self._calls, self._owners, self._places, self._made = calls, live.owners, places, made
        self._values = places.values
        # per root the calls that use it, and per call the unit that it is in
        self._users: dict[int, list[int]] = {}
        self._unit: dict[int, int] = {}
        # owners of what the last round's steps read or overwrite
        self._touched_by_round: set[int] = set()
        self._changed_by_round: set[int] = set()
        self.units: list[Unit] = []
        for n, call in enumerate(calls):
            if not places.is_view(call):
                for k in call.operands:
                    self._users.setdefault(places.root[k], []).append(n)
                self._add(n)
        for u in range(len(self.units)):
            self._move_up(u)
        self.units = [unit for unit in self.units if unit.calls]
        # roots that are passed on within a chain, and that nobody else needs
        self.inside = {
            k
            for unit in self.units
            for n in unit.chained
            for k in calls[n].results
            if k not in leaving and set(self._users.get(k, ())) <= set(unit.chained)
        }

    def _add(self, n: int) -> None:
        unit = Unit([n], self._elements(n), round=n in self._made and self._calls[n].op in native.STEPS)
        last = self.units[-1] if self.units else Unit([])
        fits = unit.elements > 0 and unit.elements == last.elements and len(last.calls) < _LONGEST
        if fits and self._is_near(n, last):
            last.calls.append(n)
        elif not (unit.round and self._joins(n, last)):
            self.units.append(unit)
        self._unit[n] = len(self.units) - 1

    def _elements(self, n: int) -> int:
        """How many elements an element-wise call has; 0 if it isn't one, broadcasts or reads with gaps."""
        call = self._calls[n]
        if n not in self._made or call.op not in native.IN_PLACE:
            return 0
        # the operands themselves, which are what a chain reads, and not the copies that a call alone is given
        arrays = [self._values[k].array for k in call.operands]
        sizes = {array.size for array in arrays if array.size != 1}
        whole = all(array.flags.c_contiguous for array in arrays) and len(self._made[n].outputs) == 1
        size = self._values[call.results[0]].array.size
        return size if whole and sizes == {size} else 0

    def _is_near(self, n: int, unit: Unit) -> bool:
        """Whether a call reads what a chain before it reads or makes."""
        seen = {self._owners[k] for each in unit.calls for k in self._touched(each)}
        return any(
            self._owners[k] in seen and self._values[k].array.size > 1 for k in self._calls[n].operands
        )

    def _joins(self, n: int, last: Unit) -> bool:
        """Put an optimizer's step to those before it, unless one overwrites what another touches."""
        call = self._calls[n]
        touched = {self._owners[k] for k in call.operands}
        changed = {self._owners[call.operands[k]] for k in call.mutates}
        if not last.round or changed & self._touched_by_round or touched & self._changed_by_round:
            self._touched_by_round, self._changed_by_round = touched, changed
            return False
        self._touched_by_round |= touched
        self._changed_by_round |= changed
        last.calls.append(n)
        return True

    def _touched(self, n: int) -> Iterator[int]:
        yield from self._calls[n].operands
        yield from self._calls[n].results

    def _move_up(self, v: int) -> None:
        """Let a chain follow the unit that makes the last of what it needs, where it can."""
        chain = self.units[v]
        if chain.elements == 0 or chain.led:
            return
        needed = [
            k for n in chain.calls for k in self._calls[n].operands if self._unit_of(k) not in (None, v)
        ]
        u = max((self._unit_of(k) or 0 for k in needed), default=v)
        if u == v:
            return
        maker = self.units[u]
        if len(maker.calls) + len(chain.calls) > _LONGEST:
            return
        from_it = [k for k in needed if self._unit_of(k) == u]
        if not all(self._is_led_by(k, maker, chain.elements) for k in from_it):
            return
        between = [unit for unit in self.units[u + 1 : v] if unit.calls]
        # moving makes results earlier: what they are made of should be gone earlier, too
        ends = any(self._users[self._places.root[k]][-1] in (*maker.calls, *chain.calls) for k in from_it)
        read = {self._owners[k] for n in chain.calls for k in self._calls[n].operands}
        if (between and not ends) or any(self._overwrites(unit, read) for unit in between):
            return
        if maker.elements == 0:
            maker.elements, maker.led = chain.elements, True
        maker.calls += chain.calls
        self._unit.update(dict.fromkeys(chain.calls, u))
        chain.calls = []

    def _unit_of(self, k: int) -> int | None:
        """The unit that makes a value; None where it is there before the step."""
        n = self._places.made_by.get(self._places.root[k])
        return None if k in self._places.fixed or n is None else self._unit[n]

    def _is_led_by(self, k: int, maker: Unit, elements: int) -> bool:
        """Whether a value that a unit makes is complete part by part."""
        root = self._places.root[k]
        n = self._places.made_by[root]
        array = self._values[k].array
        if array.size != elements or self._values[root].array.size != elements:
            return False
        if maker.elements > 0 and not (maker.led and n == maker.calls[0]):
            return maker.elements == elements
        if (len(maker.calls) > 1 and not maker.led) or n not in self._made:
            return False
        return self._made[n].name in native.LEADING and self._calls[n].results[0] == root

    def _overwrites(self, unit: Unit, owners: set[int]) -> bool:
        calls = [self._calls[n] for n in unit.calls]
        return any(self._owners[call.operands[k]] in owners for call in calls for k in call.mutates)
