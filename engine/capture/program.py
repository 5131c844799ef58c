"""A program: the calls of a recorded step that matter, made again without the tape.

They are made on the arrays that are there now: parameters and states are bound for good, since the guards see
to it that their memory is the same; arguments and earlier gradients come with each run.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from types import FunctionType
from typing import Any

from engine.autograd.failures import FAILURES, explained
from engine.autograd.node import Version
from engine.autograd.tape import wrap
from engine.capture.arguments import shared
from engine.capture.blocks import Blocks
from engine.capture.liveness import Liveness
from engine.capture.lowering import Lowering
from engine.capture.profile import ACTIVE, Profile
from engine.capture.trace import Call, Given, Slot, Trace, Value, owner
from engine.device import CPU
from engine.ops import OPS

_FILE = "<captured step>"


class Program:
    """What a trace does, again and again.

    owners: ids of the memory that the program is bound to; no argument may share it
    recorded, dropped: how many calls were recorded, and how many of them are not made again
    native, runs: how many calls are made by native kernels, and in how many runs of such calls
    gaps: names of the ops that Python calls, each with how many calls
    fused: calls that are made together, with how many times there are such
    arena_bytes, kept_bytes: of what native kernels compute on the way; of the arrays that leave the step
    """

    def __init__(self, trace: Trace, tensors: list[Any]) -> None:
        """tensors: those that the step can reach, whose versions count its changes."""
        self._trace = trace
        self._live = live = Liveness(trace)
        self.owners = live.bound
        self.recorded = len(trace.calls)
        self.dropped = self.recorded - len(live.calls)
        self._lowered = lowered = Lowering(trace, live)
        self.arena_bytes, self.kept_bytes = lowered.arena_bytes, lowered.kept_bytes
        self.fused = lowered.fused
        native = [line for line in lowered.lines if line.first is not None]
        self.runs, self.native = len(native), sum(len(line.calls) for line in native)
        self.gaps = Counter(
            lowered.calls[n].op for line in lowered.lines if line.first is None for n in line.calls
        )
        self._run = self._compiled()
        self._blocks = Blocks(trace, live, lowered)
        # leaves whose earlier gradients nobody reads: let go first, so that their memory serves again
        read = {values.source for k in lowered.inputs if (values := trace.values[k]).kind == "gradient"}
        self._overwritten = [
            leaf for leaf, after in trace.gradients if isinstance(after, int) and leaf not in read
        ]
        gradients = [value for value in trace.values if value.kind == "gradient"]
        self._gradients_lie = shared([value.array for value in gradients])
        self._changed = [x for x in tensors if id(owner(x._data)) in live.changed]
        self._changed_arguments = [
            value.source
            for value in trace.values
            if value.kind == "argument" and id(owner(value.array)) in live.changed
        ]

    def fits(self, arguments: list[Any]) -> bool:
        """Whether the leaves' .grad is there, or isn't, as it was, in memory of its own as then."""
        if any((_leaf(x, arguments).grad is not None) is not there for x, there in self._trace.looked):
            return False
        gradients = [value for value in self._trace.values if value.kind == "gradient"]
        if not gradients:
            return True
        found = [_leaf(value.source, arguments).grad for value in gradients]
        arrays = [grad._data for grad in found]
        others = self.owners | {id(owner(x._data)) for x in arguments}
        return (
            all(map(_alike, found, gradients))
            and shared(arrays) == self._gradients_lie
            and not any(id(owner(array)) in others for array in arrays)
        )

    def run(self, arguments: list[Any]) -> Any:
        """One step. Returns what the step returns, its tensors being new ones outside any graph."""
        for optimizer in self._trace.optimizers:
            optimizer._current_rates()
        run = self._timed(ACTIVE[0]) if ACTIVE else self._run
        return self._finished(arguments, self._guarded(arguments, run))

    @property
    def no_blocks(self) -> str:
        """Why its steps can't follow each other without Python; empty where they can."""
        return self._blocks.problem

    def run_block(
        self, arguments: list[Any], gathers: list[Any], rates: list[Any], steps: int, milliseconds: float
    ) -> list[Any]:
        """Some steps; see `Captured.block`. Returns the results of each."""
        results: list[Any] = []
        for optimizer in self._trace.optimizers:
            optimizer._current_rates()

        def block(*given: Any) -> Any:
            found, rows = self._blocks.run(self._run, given, steps, gathers, rates, milliseconds)
            results.extend(rows)
            return found

        self._finished(arguments, self._guarded(arguments, block))
        return results

    def _guarded(self, arguments: list[Any], run: Callable[..., Any]) -> Any:
        """What `run` gives for the inputs of the lines; its failures as an eager step would raise them."""
        values = self._trace.values
        given = []
        for k in self._lowered.inputs:
            x = _leaf(values[k].source, arguments)
            given.append((x if values[k].kind == "argument" else x.grad)._data)
        for leaf in self._overwritten:
            _leaf(leaf, arguments).grad = None
        try:
            return run(*given)
        except FAILURES as error:
            raise self._failed(error, arguments) from error

    def _finished(self, arguments: list[Any], found: Any) -> Any:
        """What a step returns, from the arrays that leave it; .grad and versions are then as after it."""
        trace = self._trace
        made = {number: wrap(array, CPU) for number, array in zip(self._live.kept, found, strict=True)}
        for leaf, after in trace.gradients:
            _leaf(leaf, arguments).grad = made[after] if isinstance(after, int) else after
        for x in (*self._changed, *[arguments[k] for k in self._changed_arguments]):
            if x._version is None:
                x._version = Version()
            x._version.values += 1

        def tensor(slot: Any) -> Any:
            return made[slot.number]

        return _filled(trace.returned, tensor, arguments)

    def _failed(self, error: Exception, arguments: list[Any]) -> Exception:
        """A kernel's failure as an eager step would raise it, .grad being as the step had left it by then."""
        trace_back: Any = error.__traceback__
        while trace_back is not None and trace_back.tb_frame.f_code.co_filename != _FILE:
            trace_back = trace_back.tb_next
        if trace_back is None:
            return error
        lowered, known = self._lowered, trace_back.tb_frame.f_locals
        n = lowered.failed(trace_back.tb_lineno - 2)
        call = lowered.calls[n]
        for leaf, after in self._trace.gradients:
            if isinstance(after, int):
                array = lowered.array(after, known) if lowered.is_there(after, n) else None
                _leaf(leaf, arguments).grad = None if array is None else wrap(array, CPU)
        if call.op not in OPS:
            return error
        operands = tuple([wrap(lowered.array(k, known), CPU) for k in call.operands])
        return explained(OPS[call.op], operands, call.attrs, error)

    def _timed(self, profile: Profile) -> FunctionType:
        """The lines with calls that are counted."""
        space = dict(self._lowered.space)
        for line in self._lowered.lines:
            calls = [self._lowered.calls[n] for n in line.calls]
            if line.first is not None:
                name = f"s{line.calls[0]}"
                labels = [
                    (label, self._shapes(call))
                    for label, call in zip(line.labels, calls, strict=True)
                    if label
                ]
                space[name] = functools.partial(_count, space[name], profile, labels)
            elif calls:
                space[f"f{line.calls[0]}"] = profile.timed(calls[0].op, space[f"f{line.calls[0]}"])
        return FunctionType(self._run.__code__, space)

    def _shapes(self, call: Call) -> tuple[Any, ...]:
        return tuple([self._trace.values[k].form[0] for k in call.operands])

    def _compiled(self) -> FunctionType:
        """The lines as a function of the inputs that gives the arrays of `kept`."""
        lowered = self._lowered
        lines = [f"def run({', '.join(f'v{k}' for k in lowered.inputs)}):"]
        lines += [f"    {line.text}" for line in lowered.lines]
        exec(compile("\n".join(lines), _FILE, "exec"), lowered.space)
        return lowered.space["run"]  # type: ignore[no-any-return]  # it was just defined


def _count(segment: Any, profile: Profile, calls: list[tuple[str, Any]], arrays: list[Any]) -> None:
    """Run native calls and count what each of them took."""
    for (op, shapes), seconds in zip(calls, segment.durations(arrays), strict=True):
        profile.add(op, "native", shapes, seconds)


def _leaf(leaf: Any, arguments: list[Any]) -> Any:
    return arguments[leaf] if leaf.__class__ is int else leaf


def _alike(grad: Any, value: Value) -> bool:
    """Whether a .grad may stand where another one was recorded."""
    data = grad._data
    return (data.shape, data.dtype, data.strides) == value.form and grad._node is None


def _filled(value: Any, tensor: Callable[[Any], Any], arguments: list[Any]) -> Any:
    """What a step returned, with this run's tensors in the places of the recorded ones."""
    kind = value.__class__
    if kind is Slot:
        return tensor(value)
    if kind is Given:
        return arguments[value.position]
    if kind is tuple or kind is list:
        return kind([_filled(each, tensor, arguments) for each in value])
    if kind is dict:
        return {key: _filled(each, tensor, arguments) for key, each in value.items()}
    return value
