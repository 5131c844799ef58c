"""A program's calls as lines of Python, runs of native kernels being one line each.

What native kernels give lies in an arena, at places that are planned once. What leaves the step lies in
arrays of its own, which are used again when nobody holds them any more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backends import native
from engine.backends.native.rows import Native, has_gaps
from engine.capture.arena import Need, memory, planned
from engine.capture.liveness import Liveness
from engine.capture.places import Places, address
from engine.capture.trace import Call, Trace, owner
from engine.device import CPU

# they have no operands, and come first
_BEGINNING = ("random_key", "constant")
# of arrays that leave the step, smaller ones than this aren't worth keeping
_SMALL_BYTES = 4096
# how many arrays are kept for one value that leaves the step
_KEPT = 3


@dataclass
class Line:
    """A line of the program.

    calls: those that it makes, by their places in the order of all; twice if a native one copies an operand
    uses, makes: names
    first: where its calls begin in the native program; None in a line that makes one by Python
    slots: numbers of the values whose arrays a native line is given
    """

    text: str
    calls: list[int]
    uses: set[str]
    makes: set[str]
    first: int | None = None
    slots: tuple[int, ...] = ()


@dataclass
class _Copy:
    """A copy of an operand without its gaps: how it is made, its form, and where in the arena it lies."""

    call: Any
    array: Any
    offset: int = 0

    def lying_in(self, arena: Any, array: Any) -> Any:
        """What shows of it an array that shows its form."""
        at = self.offset + address(array) - address(self.array)
        return np.ndarray(array.shape, array.dtype, arena, at, array.strides)


class Lowering:
    """Lines, and the names that they use.

    calls: those that are made, in order
    lines: with the one that gives results back last
    space: what names mean from the beginning
    inputs: numbers of the arguments and gradients that the lines take
    arena_bytes, kept_bytes: of the arena; of the arrays that leave the step
    """

    def __init__(self, trace: Trace, live: Liveness) -> None:
        self._live = live
        self._values = trace.values
        self.calls = sorted(live.calls, key=lambda call: call.op not in _BEGINNING)
        self._places = places = Places(trace, live, self.calls)
        # of native calls: operands with gaps that the kernel is given copies of, and where those lie
        self._packed: dict[int, dict[int, _Copy]] = {}
        self._native = {
            n: made for n, call in enumerate(self.calls) if (made := self._row(n, call)) is not None
        }
        self._leaving = {places.root[k] for k in live.kept if k not in places.fixed}
        self._in_arena = {
            k for k, n in places.made_by.items() if n in self._native and k not in self._leaving
        }
        self._buffers = {k for k, n in places.made_by.items() if n in self._native and k in self._leaving}
        self.space: dict[str, Any] = {"array": CPU.as_array}
        self._offsets, self.arena_bytes = self._plan()
        self._arena = memory(self.arena_bytes) if self.arena_bytes else None
        self.kept_bytes = sum(self._values[k].array.nbytes for k in self._leaving)
        self.program: Any = native.program(len(self._values)) if self._native else None
        self.lines: list[Line] = []
        # results of views that no line has needed so far
        self._lazy: dict[int, int] = {}
        self._named: set[str] = set()
        self._needed: set[int] = set()
        self._make_lines()
        self.inputs = sorted(self._needed)
        self._let_go()

    def array(self, k: int, names: dict[str, Any]) -> Any:
        """The array of a value in a run whose local names are these; None if there is none yet."""
        if k in self._places.fixed:
            return self._places.fixed[k]
        root = self._places.root[k]
        if root in self._in_arena:
            return self._shown(k)
        held = names.get(f"v{k}")
        if held is None and k in self._lazy and names.get(f"v{root}") is not None:
            call = self.calls[self._lazy[k]]
            held = call.kernel(*[self.array(each, names) for each in call.operands], *call.attrs)
            if call.several:
                held = held[call.results.index(k)]
        return held

    def is_there(self, k: int, n: int) -> bool:
        """Whether a value has been computed before call n."""
        return self._places.made_by.get(self._places.root[k], -1) < n

    def is_view(self, n: int) -> bool:
        """Whether call n computes nothing."""
        return self._places.is_view(self.calls[n])

    def leaves_plainly(self, k: int) -> bool:
        """Whether a value leaves the step in memory of the program's, without gaps."""
        return self._places.root[k] in self._buffers and self._values[k].array.flags.c_contiguous

    def bytes_of(self, k: int, arrays: dict[int, Any]) -> Any:
        """The memory of a value that leaves the step, in a run that was given these arrays for the roots."""
        at = self._places.offset[k]
        form = self._values[k].form
        size = math.prod(form[0]) * form[1].itemsize
        return arrays[self._places.root[k]].reshape(-1).view(np.uint8)[at : at + size]

    def failed(self, line: int) -> int:
        """Which call it was that a line failed in."""
        at = self.lines[line]
        return at.calls[0 if at.first is None else self.program.failed - at.first]

    def _row(self, n: int, call: Call) -> Native | None:
        """How a call is made natively; None where it isn't."""
        if not native.is_own(call.op, call.kernel) or self._places.is_view(call):
            return None
        arrays = [self._values[k].array for k in call.operands]
        made = native.ROWS[call.op](*arrays, *call.attrs)
        if made is None:
            copies = {
                at: _Copy(native.ROWS["clone"](array), np.empty(array.shape, array.dtype))
                for at, array in enumerate(arrays)
                if has_gaps(array) and call.op not in native.OVERWRITING
            }
            if not copies or any(copy.call is None for copy in copies.values()):
                return None
            made = native.ROWS[call.op](
                *[copies[at].array if at in copies else array for at, array in enumerate(arrays)], *call.attrs
            )
            self._packed[n] = copies
        if made is None:
            return None
        results = [k for k in call.results if k not in call.operands]
        fits = len(results) == len(made.outputs) and all(
            self._values[k].form[:2] == form
            and self._values[k].array.flags.c_contiguous
            and self._places.root[k] == k
            and k not in self._places.fixed
            for k, form in zip(results, made.outputs, strict=True)
        )
        return made if fits else None

    def _plan(self) -> tuple[dict[int, int], int]:
        last = dict(self._places.made_by)
        for n, call in enumerate(self.calls):
            if not self._places.is_view(call):
                last.update({self._places.root[k]: n for k in call.operands})
        # each root's place is that of the one which it takes over
        taken = {k: k for k in sorted(self._in_arena, key=self._places.made_by.__getitem__)}
        for k in taken:
            if (over := self._taken_over(k, last)) is not None:
                taken[k] = taken[over]
        ends: dict[int, int] = {}
        for k, place in taken.items():
            ends[place] = max(ends.get(place, 0), last[k])
        needs = [
            Need(max(self._values[k].array.nbytes, 1), self._places.made_by[k], end)
            for k, end in ends.items()
        ]
        copies = [(n, copy) for n in self._packed if n in self._native for copy in self._packed[n].values()]
        offsets, size = planned([*needs, *[Need(copy.array.nbytes, n, n) for n, copy in copies]])
        for (_, copy), offset in zip(copies, offsets[len(needs) :], strict=True):
            copy.offset = offset
        of = dict(zip(ends, offsets, strict=False))
        return {k: of[place] for k, place in taken.items()}, size

    def _taken_over(self, k: int, last: dict[int, int]) -> int | None:
        """The root whose memory a result can overwrite, element by element, as nobody needs it any longer."""
        n = self._places.made_by[k]
        call = self.calls[n]
        if call.op not in native.IN_PLACE:
            return None
        roots = [self._places.root[each] for each in call.operands]
        for each, root in zip(call.operands, roots, strict=True):
            if (
                root in self._in_arena
                and last[root] == n
                and roots.count(root) == 1
                and self._values[each].form == self._values[root].form == self._values[k].form
            ):
                return root
        return None

    def _shown(self, k: int) -> Any:
        """A value in the arena."""
        form = self._values[k].form
        at = self._offsets[self._places.root[k]] + self._places.offset[k]
        return np.ndarray(form[0], form[1], self._arena, at, form[2])

    def _make_lines(self) -> None:
        for k in sorted(self._buffers):
            array = self._values[k].array
            self.space[f"b{k}"] = _buffers(array.shape, array.dtype)
            self._line(f"v{k} = b{k}()", [], set(), {f"v{k}"})
        pending: list[int] = []
        for n, call in enumerate(self.calls):
            if self._places.is_view(call):
                self._lazy.update(dict.fromkeys(call.results, n))
            elif n in self._native:
                pending.append(n)
            else:
                self._native_line(pending)
                pending = []
                self._python_line(n)
        self._native_line(pending)
        kept = [self._name(k) for k in self._live.kept]
        self._line(f"return ({''.join(f'{name}, ' for name in kept)})", [], set(kept), set())

    def _line(
        self,
        text: str,
        calls: list[int],
        uses: set[str],
        makes: set[str],
        first: int | None = None,
        slots: tuple[int, ...] = (),
    ) -> None:
        self._named |= makes
        self.lines.append(Line(text, calls, uses, makes, first, slots))

    def _name(self, k: int) -> str:
        """The name of a value's array, which a line before the next one makes where it must."""
        name = f"v{k}"
        if name in self._named:
            return name
        root = self._places.root[k]
        if k in self._places.fixed:
            self.space[name] = self._places.fixed[k]
        elif root in self._in_arena:
            self.space[name] = self._shown(k)
        elif k == root:
            self._needed.add(k)
        else:
            self._python_line(self._lazy[k])
        self._named.add(name)
        return name

    def _python_line(self, n: int) -> None:
        call = self.calls[n]
        operands = [self._name(k) for k in call.operands]
        uses = set(operands)
        self.space[f"f{n}"] = _function(call)
        for k, attr in enumerate(() if call.op == "random_key" else call.attrs):
            self.space[f"a{n}_{k}"] = attr
            operands.append(f"a{n}_{k}")
        line = f"f{n}({', '.join(operands)})"
        made: set[str] = set()
        if call.results:
            fresh = {k for k in call.results if k not in call.operands and k not in self._places.fixed}
            made = {f"v{k}" for k in fresh}
            names = ", ".join(f"v{k}" if k in fresh else "_" for k in call.results)
            if call.several:
                line = f"{names}, = map(array, {line})" if call.scalars else f"{names}, = {line}"
            else:
                line = f"{names} = array({line})" if call.scalars else f"{names} = {line}"
        self._line(line, [n], uses, made)

    def _native_line(self, pending: list[int]) -> None:
        if not pending:
            return
        slots: list[int] = []
        first = self.program.size
        calls: list[int] = []
        for n in pending:
            call, made = self.calls[n], self._native[n]
            copies = self._packed.get(n, {})
            for at, copy in copies.items():
                k = call.operands[at]
                operand = self._operand_at(k, self._values[k].array, slots)
                to = self.program.add(copy.lying_in(self._arena, copy.array))
                self.program.call(
                    native.handle(copy.call.name), [operand], [to], copy.call.ints, copy.call.reals
                )
                calls.append(n)
            calls.append(n)
            inputs = [self._operand(call, array, slots, copies) for array in made.inputs]
            outputs = [
                self._operand_at(k, self._values[k].array, slots) for k in call.results if made.outputs
            ]
            self.program.call(native.handle(made.name), inputs, outputs, made.ints, made.reals)
        names = [self._name(k) for k in slots]
        n = pending[0]
        self.space[f"s{n}"] = self.program.segment(first, self.program.size, slots)
        self._line(f"s{n}({', '.join(names)})", calls, set(names), set(), first, tuple(slots))

    def _operand(self, call: Call, array: Any, slots: list[int], copies: dict[int, _Copy]) -> int:
        """The number of what a row names: an operand, its copy, a view of one, or a constant of its own."""
        of = owner(array)
        for copy in copies.values():
            if copy.array is of:
                return int(self.program.add(copy.lying_in(self._arena, array)))
        for k in call.operands:
            if owner(self._values[k].array) is of:
                return self._operand_at(k, array, slots)
        self.space[f"c{id(array)}"] = array
        return int(self.program.add(array))

    def _operand_at(self, k: int, array: Any, slots: list[int]) -> int:
        """The number of an operand: an array that shows the memory of a value."""
        if k in self._places.fixed:
            self.space[f"c{id(array)}"] = array
            return int(self.program.add(array))
        root = self._places.root[k]
        offset = address(array) - address(self._values[root].array)
        if root in self._in_arena:
            at = self._offsets[root] + offset
            return int(self.program.add(np.ndarray(array.shape, array.dtype, self._arena, at, array.strides)))
        if root not in slots:
            slots.append(root)
        return int(self.program.add(array, root, offset))

    def _let_go(self) -> None:
        """Have each line delete the names that no later one uses."""
        seen = set(self.lines[-1].uses)
        for line in reversed(self.lines[:-1]):
            gone = sorted((line.uses | line.makes) - seen - self.space.keys())
            if gone:
                line.text += f"; del {', '.join(gone)}"
            seen |= line.uses | line.makes


def _function(call: Call) -> Any:
    if call.op == "random_key":
        generator, words = call.attrs
        return lambda: generator.key(words)._data
    return np.array if call.op == "constant" else call.kernel


def _buffers(shape: tuple[int, ...], dtype: Any) -> Callable[[], Any]:
    """A function that gives an array which nobody holds."""
    held: list[Any] = []

    def fresh() -> Any:
        found = native.unheld(held)
        if found is None:
            found = np.empty(shape, dtype)
            if found.nbytes >= _SMALL_BYTES:
                del held[: len(held) + 1 - _KEPT]
                held.append(found)
        return found

    return fresh
