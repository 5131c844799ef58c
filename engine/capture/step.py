"""`capture`: a step that is run eagerly until two runs were the same, and replayed from then on."""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.autograd.mode import MODE
from engine.autograd.tape import Variable, wrap
from engine.backends.numpy.memory import give_back_freed_memory
from engine.capture.arguments import described, refused, shared, tensors_in
from engine.capture.profile import ACTIVE as ACTIVE_PROFILE
from engine.capture.program import Program
from engine.capture.recording import ACTIVE, TURN, Recording
from engine.capture.report import Report, Variant
from engine.capture.surroundings import Surroundings
from engine.capture.trace import Trace, difference, made_by_python, owner
from engine.device import CPU, get_default_device
from engine.dtypes import get_default_dtype
from engine.errors import DTypeError

# programs per step; and runs of one kind that may differ from each other before it stays eager
_PROGRAMS = 8
_ATTEMPTS = 4


class _Known:
    """A state of what is around a step: the run recorded in it, its program once a second was the same."""

    def __init__(self, around: Surroundings, trace: Trace) -> None:
        self.around, self.trace = around, trace
        self.program: Program | None = None
        self.replays = 0


class _Kind:
    """Calls with arguments of one form, in one mode.

    problem: why they stay eager, "" while they needn't
    """

    def __init__(self, arguments: str) -> None:
        self.arguments = arguments
        self.known: list[_Known] = []
        self.attempts = 0
        self.problem = ""
        self.eager = 0


class Captured:
    """A step as a program; see `capture`."""

    def __init__(self, step: Callable[..., Any]) -> None:
        functools.update_wrapper(self, step, updated=())
        self._step = step
        self._kinds: dict[Any, _Kind] = {}
        self._lock = threading.RLock()
        self._eager = self._recorded = 0
        self._last = self._name = ""
        self._buffers: dict[Any, Any] = {}
        self.no_block = ""

    def __set_name__(self, owner: type, name: str) -> None:
        # no attribute's name, and another one for what a subclass has under the same name
        self._name = f"{owner.__module__}.{owner.__qualname__}.{name}, captured"

    def __get__(self, instance: Any, owner: type | None = None) -> Captured:
        """As a method: each instance's own captured step, which the instance keeps."""
        if instance is None or not isinstance(self._step, types.FunctionType):
            return self
        kept = getattr(instance, "__dict__", None)
        if kept is None or not self._name:
            raise TypeError(
                f"{self._step.__qualname__}: a captured method is a step of each instance where it is "
                "captured in the class's body, and the class has no __slots__; "
                "else write capture(instance.method)"
            )
        if self._name not in kept:
            kept.setdefault(self._name, Captured(self._step.__get__(instance, owner)))
        return kept[self._name]  # type: ignore[no-any-return]  # what was put there

    def __reduce__(self) -> Any:
        # a copy has the copy of the step, and has recorded nothing
        return Captured, (self._step,)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tensors: list[Any] = []
        others: list[Any] = []
        if getattr(ACTIVE, "on", False):
            return self._step(*args, **kwargs)  # a part of the step that is being recorded
        form = tensors_in((args, kwargs), tensors, others)
        problem = refused(tensors, others) or _refused_mode()
        with self._lock:
            kind = self._kind((form, problem), tensors, problem)
            why = "there was no program yet for such arguments"
            for known in kind.known:
                changed = known.around.changed() or _unfit(known, tensors)
                if changed:
                    why = changed
                elif known.program is not None:
                    known.replays += 1
                    self._last = ""
                    return known.program.run(tensors)
            if ACTIVE_PROFILE:
                self._last = f"a profile is being taken, and {why}"
            elif not kind.problem:
                if TURN.acquire(blocking=False):
                    try:
                        return self._record(kind, tensors, others, args, kwargs, why)
                    finally:
                        TURN.release()
                self._last = "another thread's step was being recorded"
            else:
                self._last = kind.problem
                kind.eager += 1
            self._eager += 1
        return self._step(*args, **kwargs)

    def block(
        self,
        sources: Sequence[Any],
        indices: Any,
        rates: Mapping[Any, Any] | None = None,
        milliseconds: float = 100.0,
    ) -> list[Any] | None:
        """Several steps in one call, each on rows gathered from tensors, once the step is such a program.

        sources: tensors without gaps, one for each argument of the step
        indices: whole numbers [steps, batch]; step k is given the rows indices[k] of each source
        rates: for optimizers, numbers [steps, groups]: each step's learning rates, instead of the groups'
        milliseconds: after so many no further step begins

        Returns for each tensor that the step returns an array [steps done, ...], in the order in which they
        are found; at least one step was done. None if there is no program for such arguments (call the step
        on one batch, which records it) or it can't be run so: `no_block` says why.
        TypeError for indices that aren't whole numbers, ValueError for tables of another shape, IndexError
        for rows that aren't there.
        """
        rows = min(len(x) for x in sources)
        indices = _table(np.asarray(indices), "indices", "batch")
        if indices.dtype.kind not in "iu":
            raise TypeError(f"block(): indices must be whole numbers, not {indices.dtype}")
        if indices.size and not 0 <= indices.min() <= indices.max() < rows:
            raise IndexError(f"rows {indices.min()} to {indices.max()} of {rows} were asked for")
        indices = np.ascontiguousarray(indices, np.int64)
        for k, x in enumerate(sources):
            if not x._data.flags.c_contiguous:
                self.no_block = f"source {k} is a view with gaps; give x.contiguous()"
                return None
        with self._lock:
            arguments = [self._buffer(k, x, indices.shape[1]) for k, x in enumerate(sources)]
            found: list[Any] = []
            form = tensors_in((tuple(arguments), {}), found, [])
            kind = self._kind((form, _refused_mode()), found, _refused_mode())
            self.no_block = "there was no program yet for such arguments"
            if ACTIVE_PROFILE:
                self.no_block = "a profile is being taken"
                return None
            for known in kind.known:
                self.no_block = known.around.changed() or _unfit(known, found)
                if known.program is not None and not self.no_block:
                    self.no_block = known.program.no_blocks
                    if self.no_block:
                        return None
                    places = [x._data for x in arguments]
                    gathers = [(x._data, indices, to) for x, to in zip(sources, places, strict=True)]
                    moves = [
                        move
                        for optimizer, table in (rates or {}).items()
                        for move in _columns(table, len(indices), optimizer._current_rates())
                    ]
                    results = known.program.run_block(found, gathers, moves, len(indices), milliseconds)
                    known.replays += len(results[0]) if results else len(indices)
                    self._last = ""
                    return results
            return None

    def _buffer(self, k: int, source: Any, batch: int) -> Any:
        """A tensor for a batch of a source's rows, the same one each time."""
        form = (k, batch, source._data.shape[1:], source._data.dtype)
        if form not in self._buffers:
            self._buffers[form] = wrap(np.empty((batch, *form[2]), form[3]), CPU)
        return self._buffers[form]

    def report(self) -> Report:
        """What was recorded, how often it was replayed, and why other calls ran eagerly."""
        with self._lock:
            variants = [
                Variant(
                    kind.arguments,
                    known.program.recorded,
                    known.program.dropped,
                    known.program.native,
                    known.program.runs,
                    dict(known.program.gaps),
                    dict(known.program.fused),
                    known.program.arena_bytes,
                    known.program.kept_bytes,
                    known.replays,
                )
                for kind in self._kinds.values()
                for known in kind.known
                if known.program is not None
            ]
            reasons: dict[str, int] = {}
            for kind in self._kinds.values():
                if kind.problem:
                    reasons[kind.problem] = reasons.get(kind.problem, 0) + kind.eager
            name = getattr(self._step, "__qualname__", type(self._step).__name__)
            replays = sum(each.replays for each in variants)
            return Report(
                name, variants, replays, self._eager, self._recorded, [*reasons.items()], self._last
            )

    def _kind(self, form: Any, tensors: list[Any], problem: str) -> _Kind:
        """What is known of calls with arguments of this form."""
        mode = (MODE.enabled, MODE.inference, get_default_dtype(), get_default_device())
        key: Any = (
            (form, mode)
            if problem
            else (form, mode, tuple([described(x) for x in tensors]), shared([x._data for x in tensors]))
        )
        kind = self._kinds.get(key)
        if kind is None:
            kind = _Kind(", ".join(f"{x.dtype} {list(x.shape)}" for x in tensors))
            kind.problem = problem
            if len(self._kinds) >= 4 * _PROGRAMS:
                # a step that is called in ever new ways isn't remembered in all of them
                kind.problem = problem or f"it is called with arguments of more than {4 * _PROGRAMS} kinds"
                key = (kind.problem, None)
                kind = self._kinds.get(key, kind)
            self._kinds[key] = kind
        return kind

    def _record(
        self, kind: _Kind, tensors: list[Any], others: list[Any], args: Any, kwargs: Any, why: str
    ) -> Any:
        """Run the step eagerly and keep what it did, or say why it can't be kept."""
        self._eager += 1
        self._last = why
        around = Surroundings([("the step", self._step), *[("an argument", each) for each in others]])
        if around.problem:
            kind.problem = around.problem
            return self._step(*args, **kwargs)
        earlier = [known for known in kind.known if known.program is None and not known.around.changed()]
        with Recording(tensors) as recording:
            returned = self._step(*args, **kwargs)
        recording.finish(returned)
        self._recorded += 1
        trace = recording.trace
        changed = around.changed(within=True)
        if not trace.problem and changed:
            self._differs(kind, f"the step itself changes what Python keeps: {changed}")
        elif trace.problem:
            kind.problem, kind.known = trace.problem, [each for each in kind.known if each.program]
        else:
            self._settle(kind, earlier, _Known(around, trace), tensors, why)
        trace.release()
        return returned

    def _settle(self, kind: _Kind, earlier: list[_Known], new: _Known, tensors: list[Any], why: str) -> None:
        """Make a program of a run that is as an earlier one was; else keep it, for the next one."""
        trace = new.trace
        for known in earlier:
            differs = difference(known.trace, trace)
            if not differs:
                trace.made = made_by_python(known.trace, trace)
                # what eager steps computed on their way will have its place in the arena
                give_back_freed_memory()
                new.program = Program(trace, [x for _, x, _, _ in new.around.tensors])
                if any(id(owner(x._data)) in new.program.owners for x in tensors):
                    kind.problem = "an argument shares memory with what the step has of its own"
                    return
                kind.attempts = 0
            elif _same_gradients(known.trace, trace):
                self._differs(kind, f"the step doesn't do the same each time: {differs}")
            else:
                continue
            kind.known[kind.known.index(known)] = new
            return
        if sum(len(each.known) for each in self._kinds.values()) >= _PROGRAMS:
            kind.problem = f"it has {_PROGRAMS} programs already, and needed one more because {why}"
            return
        kind.known.append(new)

    def _differs(self, kind: _Kind, how: str) -> None:
        kind.attempts += 1
        self._last = how
        if kind.attempts >= _ATTEMPTS:
            kind.problem = how


def capture(step: Callable[..., Any]) -> Captured:
    """The step, recorded as a flat list of kernel calls and replayed without the tape.

    step: a function that computes a training step (forward, backward, clipping, optimizer), or anything else
        of tensors; also a method, `@capture` in its class, which is then a step of each instance. Its
        arguments and what it returns may be tensors, also in tuples, lists and dicts, and plain values.

    The first calls run eagerly; when two were the same, call by call, later ones are replays. They compute
    the same numbers with the same kernels. What the step depends on is guarded: shapes and dtypes, flags such
    as `training`, plain values and objects that it can reach, whether .grad is there. Where something differs
    it is recorded once more. Learning rates and generators go on as in eager steps. What can't be captured
    runs eagerly, and `report()` says why. Returned tensors are outside any graph.

    Python runs only while a step is recorded: a print() in it is silent afterwards.
    """
    if not callable(step):
        raise DTypeError(f"capture: step must be a function, not {step!r}")
    return Captured(step)


def _refused_mode() -> str:
    """Why nothing can be captured in the calling thread's mode; empty where it can."""
    if MODE.casting is not None:
        return "it is called under autocast; write `with autocast(...)` inside the step"
    if MODE.anomaly is not None or MODE.packing:
        return "it runs under detect_anomaly or saved_tensors_hooks, which look at the tape"
    return ""


def _table(given: Any, name: str, columns: str) -> Any:
    if given.ndim != 2:
        raise ValueError(f"block(): {name} must be [steps, {columns}], not of shape {list(given.shape)}")
    return given


def _columns(given: Any, steps: int, rates: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The learning rates of some steps, group by group, and where each group's lies."""
    table = _table(np.asarray(given, np.float64), "rates", "groups")
    if len(table) < steps or table.shape[1] != len(rates):
        raise ValueError(
            f"block(): rates of shape {list(table.shape)} were given for {steps} steps of {len(rates)} groups"
        )
    return [(np.ascontiguousarray(table[:, group]), rate._data) for group, rate in enumerate(rates)]


def _unfit(known: _Known, tensors: list[Any]) -> str:
    """Why a program can't serve this call, as far as arguments and .grad go; empty where it can."""
    if known.program is None:
        return ""
    if not known.program.fits(tensors):
        return ".grad of a leaf was there, or had another form, where it isn't so now"
    if any(id(owner(x._data)) in known.program.owners for x in tensors):
        return "an argument shares memory with what the step has of its own"
    return ""


def _same_gradients(first: Trace, second: Trace) -> bool:
    """Whether two runs met .grad in the same state."""
    mine = [(id(leaf) if isinstance(leaf, Variable) else leaf, there) for leaf, there in first.looked]
    return mine == [
        (id(leaf) if isinstance(leaf, Variable) else leaf, there) for leaf, there in second.looked
    ]
