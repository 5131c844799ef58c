"""Where the values of a program lie: what is there for good, what comes with each run, what shares memory."""

from __future__ import annotations

from typing import Any

from engine.capture.liveness import Liveness
from engine.capture.trace import Call, Trace, address, owner


class Places:
    """For each value of a trace the one whose memory it shows, its root.

    root: numbers of the roots; a value that shows nobody else's memory is its own
    fixed: arrays by number that are the same in every run
    offset: of values, in bytes after their roots' first elements
    made_by: per root of a result the call, by its place in `calls`
    """

    def __init__(self, trace: Trace, live: Liveness, calls: list[Call]) -> None:
        self.values = values = trace.values
        self.fixed: dict[int, Any] = dict(live.bound_values)
        self.root = list(range(len(values)))
        self.made_by: dict[int, int] = {}
        for n, call in enumerate(calls):
            for k in call.results:
                if k in call.operands or k in self.fixed:
                    continue
                of = owner(values[k].array)
                shown = next((o for o in call.operands if owner(values[o].array) is of), None)
                if shown is None:
                    self.made_by[k] = n
                elif shown in self.fixed:
                    self.fixed[k] = values[k].array
                else:
                    self.root[k] = self.root[shown]
        starts = {k: address(values[k].array) for k in {*self.root, *self.made_by}}
        # how many bytes after its root's first element a value's first lies
        self.offset = {k: address(values[k].array) - starts[root] for k, root in enumerate(self.root)}

    def is_view(self, call: Call) -> bool:
        """Whether a call computes nothing: what it gives shows the memory of what it was given."""
        return (
            bool(call.results)
            and not call.mutates
            and all(k in self.fixed or self.root[k] != k or k in call.operands for k in call.results)
        )
