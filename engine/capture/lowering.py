"""A program's calls as lines of Python, runs of native kernels being one line each.

What native kernels give lies in an arena, at places that are planned once. What leaves the step lies in
arrays of its own, which are used again when nobody holds them any more.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backends import native
from engine.backends.native.rows import Native, has_gaps
from engine.capture.fusion import Fusion, Unit
from engine.capture.layout import Copy, Layout
from engine.capture.liveness import Liveness
from engine.capture.places import Places
from engine.capture.trace import Call, Trace, address, owner
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
    labels: names for a native line's calls; of those made together the first one's, and "" for the others
    """

    text: str
    calls: list[int]
    uses: set[str]
    makes: set[str]
    first: int | None = None
    slots: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()


class Lowering:
    """Lines, and the names that they use.

    calls: those that are made, in order
    lines: with the one that gives results back last
    space: what names mean from the beginning
    inputs: numbers of the arguments and gradients that the lines take
    arena_bytes, kept_bytes: of the arena; of the arrays that leave the step
    fused: calls that are made together, with how many times there are such
    """

    def __init__(self, trace: Trace, live: Liveness) -> None:
        self._live = live
        self._values = trace.values
        self.calls = sorted(live.calls, key=lambda call: call.op not in _BEGINNING)
        self._places = places = Places(trace, live, self.calls)
        # of native calls: operands with gaps that the kernel is given copies of, and where those lie
        self._packed: dict[int, dict[int, Copy]] = {}
        self._native = {
            n: made for n, call in enumerate(self.calls) if (made := self._row(n, call)) is not None
        }
        self._leaving = {places.root[k] for k in live.kept if k not in places.fixed}
        fusion = Fusion(self.calls, live, places, self._native, self._leaving)
        self._units = fusion.units
        self._put_in_order()
        self._buffers = {k for k, n in places.made_by.items() if n in self._native and k in self._leaving}
        self.space: dict[str, Any] = {"array": CPU.as_array}
        in_arena = {
            k
            for k, n in places.made_by.items()
            if n in self._native and k not in self._leaving and k not in fusion.inside
        }
        packed = {n: copies for n, copies in self._packed.items() if n in self._native}
        self._layout = Layout(self.calls, places, self._units, in_arena, fusion.inside, packed)
        self.arena_bytes = self._layout.arena_bytes
        self.fused = Counter(unit.label(self.calls) for unit in self._units if len(unit.calls) > 1)
        self.kept_bytes = sum(self._values[k].array.nbytes for k in self._leaving)
        self.program: Any = native.program(len(self._values)) if self._native else None
        self.lines: list[Line] = []
        # results of views, and the calls that give them where a line needs them
        self._lazy = {k: n for n, call in enumerate(self.calls) if places.is_view(call) for k in call.results}
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
        if root in self._layout.in_arena:
            return self._layout.shown(k)
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

    def _put_in_order(self) -> None:
        """Have the calls of a unit follow each other. Views come first, since they compute nothing."""
        views = [n for n, call in enumerate(self.calls) if self._places.is_view(call)]
        order = [*views, *[n for unit in self._units for n in unit.calls]]
        new = {n: at for at, n in enumerate(order)}
        self.calls = [self.calls[n] for n in order]
        self._native = {new[n]: made for n, made in self._native.items()}
        self._packed = {new[n]: copies for n, copies in self._packed.items()}
        self._places.made_by = {k: new[n] for k, n in self._places.made_by.items()}
        for unit in self._units:
            unit.calls = [new[n] for n in unit.calls]

    def _row(self, n: int, call: Call) -> Native | None:
        """How a call is made natively; None where it isn't."""
        if not native.is_own(call.op, call.kernel) or self._places.is_view(call):
            return None
        arrays = [self._values[k].array for k in call.operands]
        made = native.ROWS[call.op](*arrays, *call.attrs)
        if made is None:
            copies = {
                at: Copy(native.ROWS["clone"](array), np.empty(array.shape, array.dtype))
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

    def _make_lines(self) -> None:
        for k in sorted(self._buffers):
            array = self._values[k].array
            self.space[f"b{k}"] = _buffers(array.shape, array.dtype)
            self._line(f"v{k} = b{k}()", [], set(), {f"v{k}"})
        pending: list[Unit] = []
        for unit in self._units:
            if unit.calls[0] in self._native:
                pending.append(unit)
            else:
                self._native_line(pending)
                pending = []
                self._python_line(unit.calls[0])
        self._native_line(pending)
        kept = [self._name(k) for k in self._live.kept]
        self._line(f"return ({''.join(f'{name}, ' for name in kept)})", [], set(kept), set())

    def _line(
        self,
        text: str,
        calls: list[int],
        uses: set[str],
        makes: set[str],
    ) -> None:
        self._named |= makes
        self.lines.append(Line(text, calls, uses, makes))

    def _name(self, k: int) -> str:
        """The name of a value's array, which a line before the next one makes where it must."""
        name = f"v{k}"
        if name in self._named:
            return name
        root = self._places.root[k]
        if k in self._places.fixed:
            self.space[name] = self._places.fixed[k]
        elif root in self._layout.in_arena:
            self.space[name] = self._layout.shown(k)
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

    def _native_line(self, pending: list[Unit]) -> None:
        if not pending:
            return
        slots: list[int] = []
        first = self.program.size
        calls: list[int] = []
        labels: list[str] = []
        for unit in pending:
            leader = unit.calls[0]
            copies = self._packed.get(leader, {})
            for at, copy in copies.items():
                k = self.calls[leader].operands[at]
                operand = self._operand_at(k, self._values[k].array, slots)
                to = self.program.add(copy.lying_in(self._layout.arena, copy.array))
                self.program.call(
                    native.handle(copy.call.name), [operand], [to], copy.call.ints, copy.call.reals
                )
                calls.append(leader)
                labels.append(self.calls[leader].op)
            start = self.program.size
            for n in unit.calls:
                self._native_call(n, copies if n == leader else {}, slots, n in unit.chained)
            if unit.chained:
                self.program.chain(start, unit.elements, unit.led, self._layout.tile_bytes[leader])
            elif len(unit.calls) > 1:
                self.program.together(start)
            calls += unit.calls
            labels += [unit.label(self.calls), *[""] * (len(unit.calls) - 1)]
        names = [self._name(k) for k in slots]
        n = calls[0]
        self.space[f"s{n}"] = self.program.segment(first, self.program.size, slots)
        text = f"s{n}([{', '.join(names)}])"
        self.lines.append(Line(text, calls, set(names), set(), first, tuple(slots), tuple(labels)))

    def _native_call(self, n: int, copies: dict[int, Copy], slots: list[int], chained: bool) -> None:
        call, made = self.calls[n], self._native[n]
        results = call.results if made.outputs else ()
        if chained:
            inputs = [self._chained(k, slots) for k in call.operands]
            outputs = [self._chained(k, slots) for k in results]
        else:
            inputs = [self._operand(call, array, slots, copies) for array in made.inputs]
            outputs = [self._operand_at(k, self._values[k].array, slots) for k in results]
        self.program.call(native.handle(made.name), inputs, outputs, made.ints, made.reals)

    def _chained(self, k: int, slots: list[int]) -> int:
        """The number of an operand of a chain, all elements of which are in one axis."""
        array, root = self._values[k].array, self._places.root[k]
        if root in self._layout.tiles:
            return int(self.program.add_tile(array, self._layout.tiles[root]))
        return self._operand_at(k, array.reshape(-1), slots)

    def _operand(self, call: Call, array: Any, slots: list[int], copies: dict[int, Copy]) -> int:
        """The number of what a row names: an operand, its copy, a view of one, or a constant of its own."""
        of = owner(array)
        for copy in copies.values():
            if copy.array is of:
                return int(self.program.add(copy.lying_in(self._layout.arena, array)))
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
        if root in self._layout.in_arena:
            return int(self.program.add(self._layout.lying_in(root, array, offset)))
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
