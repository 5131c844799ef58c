"""Which calls of a trace a replay makes: without those whose results are constants, or are never read."""

from __future__ import annotations

from typing import Any

from engine.capture.trace import Call, Slot, Trace, owner
from engine.ops import OPS


class Liveness:
    """The calls that matter, and where their values come from and go to.

    Memory counts by its owner: views share it, and who overwrites a view overwrites all of them.

    owners: per value the id of the object whose memory it is
    bound_values: arrays by number that are the same in every run: what was there before the step, views of
        it, and constants
    bound: ids of the owners of what was there before the step
    changed: ids of the owners that the step overwrites
    kept: numbers of the values that leave the step
    """

    def __init__(self, trace: Trace) -> None:
        values = trace.values
        self.owners = owners = [id(owner(value.array)) for value in values]
        self.changed = {owners[call.operands[k]] for call in trace.calls for k in call.mutates}
        self.kept = list(
            dict.fromkeys([*_slots(trace.returned), *[n for _, n in trace.gradients if type(n) is int]])
        )
        leaving = {owners[k] for k in self.kept}
        copied = {k for k in trace.made if owners[k] in self.changed or owners[k] in leaving}
        external = [k for k, value in enumerate(values) if value.kind == "external"]
        self.bound = {owners[k] for k in external if k not in trace.made}
        self.bound_values: dict[int, Any] = {k: values[k].array for k in external if k not in copied}
        copies = [
            Call("constant", None, (), (values[k].first,), (k,), False, False, (), values[k].place)
            for k in sorted(copied)
        ]
        outside = {
            owners[k] for k, value in enumerate(values) if value.kind != "result" and k not in trace.made
        }
        calls = copies + self._unfolded(trace, trace.made - copied, self.changed | leaving)
        self.calls = self._needed(calls, outside | leaving)

    def _unfolded(self, trace: Trace, constants: set[int], busy: set[int]) -> list[Call]:
        """The calls whose results aren't the same in every run.

        constants: numbers of values that nobody changes
        busy: owners of memory that is overwritten, or leaves the step, and has to be new each time
        """
        values, owners, constants = trace.values, self.owners, set(constants)
        rest: list[Call] = []
        for call in trace.calls:
            same = call.op != "random_key" and not call.mutates and bool(call.results)
            if (
                same
                and constants.issuperset(call.operands)
                and all(owners[k] not in busy for k in call.results)
            ):
                constants.update(call.results)
            elif not (same and self._is_bound_view(call)) and not (
                same and set(call.results) <= set(call.operands)
            ):
                rest.append(call)
                continue
            self.bound_values.update({k: values[k].array for k in call.results if k not in call.operands})
        return rest

    def _is_bound_view(self, call: Call) -> bool:
        """Whether a call only shows memory that is there in every run."""
        return (
            OPS[call.op].view
            and all(k in self.bound_values for k in call.operands)
            and self.owners[call.results[0]] == self.owners[call.operands[0]]
        )

    def _needed(self, calls: list[Call], memory: set[int]) -> list[Call]:
        """The calls that something depends on. memory: owners whose contents matter at the end."""
        memory = set(memory)
        needed = set(self.kept)
        found: list[Call] = []
        for call in reversed(calls):
            if (
                call.op == "random_key"
                or needed.intersection(call.results)
                or any(self.owners[call.operands[k]] in memory for k in call.mutates)
            ):
                found.append(call)
                needed.update(call.operands)
                memory.update(self.owners[k] for k in call.operands)
        return found[::-1]


def _slots(returned: Any) -> list[int]:
    """The numbers of the tensors in what a step returned."""
    if isinstance(returned, Slot):
        return [returned.number]
    if isinstance(returned, dict):
        return [k for each in returned.values() for k in _slots(each)]
    if isinstance(returned, (tuple, list)):
        return [k for each in returned for k in _slots(each)]
    return []
