"""Many steps of one program in one call: rows gathered by index, results written one below the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from engine.capture.liveness import Liveness
from engine.capture.lowering import Lowering
from engine.capture.trace import Slot, Trace, owner


class Blocks:
    """What a program needs so that its steps can follow each other without Python.

    problem: why they can't; empty where they can
    """

    def __init__(self, trace: Trace, live: Liveness, lowered: Lowering) -> None:
        self._lowered = lowered
        returned = _flat(trace.returned)
        self._results = [each.number for each in returned if isinstance(each, Slot)]
        self._forms = [trace.values[k].form for k in self._results]
        self._draws = [(n, *call.attrs) for n, call in enumerate(lowered.calls) if call.op == "random_key"]
        self.problem = _problem(trace, live, lowered)
        if not self.problem and len(self._results) != len(returned):
            self.problem = "it returns other things than tensors of its own"
        if not self.problem and not all(map(lowered.leaves_plainly, self._results)):
            self.problem = "it returns a view with gaps, or memory that was there before"

    def run(
        self,
        function: FunctionType,
        given: Sequence[Any],
        steps: int,
        gathers: Sequence[tuple[Any, Any, Any]],
        rates: Sequence[tuple[Any, Any]],
        milliseconds: float,
    ) -> tuple[Any, list[Any]]:
        """Some steps, at least one and no more than time allows.

        function: the program's lines
        given: its inputs; gathers, rates: what goes where before each step, as `Captured.block` says

        Returns what the function gives in the last step, and for each result [steps done, ...].
        """
        lowered = self._lowered
        line = next(line for line in lowered.lines if line.first is not None)
        results = [np.empty((steps, *form[0]), form[1]) for form in self._forms]
        before = [(generator, generator.get_state()) for _, generator, _ in self._draws]
        keys = self._keys(steps)
        places = {n: np.empty(3, np.int64) for n in keys}
        done = 0

        def repeat(arrays: list[Any]) -> None:
            nonlocal done
            held = dict(zip(line.slots, arrays, strict=True))
            for slot, array in held.items():
                lowered.program.place(slot, array)
            first = [*[(keys[n], place) for n, place in places.items()], *rates]
            last = [(lowered.bytes_of(k, held), ring) for k, ring in zip(self._results, results, strict=True)]
            try:
                done = lowered.program.repeat(steps, milliseconds, gathers, first, last)
            except BaseException:
                done = lowered.program.begun
                raise

        space = {**lowered.space, f"s{line.calls[0]}": repeat}
        space.update({f"f{n}": _giving(place) for n, place in places.items()})
        try:
            found = FunctionType(function.__code__, space)(*given)
        finally:
            # a step that fails has drawn its keys, as by itself; those after it have drawn none
            if done < steps:
                for generator, state in before:
                    generator.set_state(state)
                self._keys(done)
        return found, [ring[:done] for ring in results]

    def _keys(self, steps: int) -> dict[int, Any]:
        """The keys of so many steps' random draws, [steps, 3] for each call."""
        keys = {n: np.empty((steps, 3), np.int64) for n, _, _ in self._draws}
        for step in range(steps):
            for n, generator, words in self._draws:
                keys[n][step] = generator.key(words)._data
        return keys


def _giving(array: Any) -> Any:
    return lambda: array


def _problem(trace: Trace, live: Liveness, lowered: Lowering) -> str:
    runs = [line for line in lowered.lines if line.first is not None]
    others = {
        lowered.calls[n].op
        for line in lowered.lines
        if line.first is None
        for n in line.calls
        if lowered.calls[n].op != "random_key" and not lowered.is_view(n)
    }
    if others or len(runs) != 1:
        return f"Python makes calls between those of native kernels: {', '.join(sorted(others))}"
    inputs = [trace.values[k] for k in lowered.inputs]
    if any(value.kind == "gradient" for value in inputs):
        return "it adds to gradients that were there before"
    if any(id(owner(value.array)) in live.changed for value in inputs):
        return "it overwrites an argument"
    after = {id(leaf): grad is not None for leaf, grad in trace.gradients}
    if any(after.get(id(leaf), there) is not there for leaf, there in trace.looked):
        return "it leaves .grad where there was none, or none where there was one"
    return ""


def _flat(returned: Any) -> list[Any]:
    if isinstance(returned, Mapping):
        return [each for value in returned.values() for each in _flat(value)]
    if isinstance(returned, (tuple, list)):
        return [each for value in returned for each in _flat(value)]
    return [returned]
