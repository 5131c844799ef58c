"""Recording: for the time of one step, what the calling thread computes is written down at the seam.

The seam is the CPU's table of kernels, which every op reads as it is applied. Beside it stand the few places
at which something enters or leaves a step by another way: reads of values by Python, keys of random numbers,
learning rates, and `.grad`. Other threads' calls pass through unnoticed.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.autograd.hooks import NodeHooks
from engine.autograd.tape import Variable
from engine.capture.arguments import replaced
from engine.capture.ghosts import Ghosts
from engine.capture.seam import RECORDING, put_around, take_away
from engine.capture.trace import SMALL, Call, Given, Slot, Trace, Value, owner
from engine.device import CPU, Device
from engine.ops import OPS
from engine.optim.optimizer import Optimizer
from engine.tensor.random import Generator

_ENGINE = f"{Path(__file__).parents[1]}{os.sep}"
# one step is recorded at a time; whoever comes second computes eagerly
TURN = threading.Lock()
# whether the calling thread's step is being recorded
ACTIVE = threading.local()
# results whose shapes depend on values, which Python would read
_SHAPED_BY_VALUES = frozenset({"nonzero", "unique"})
_grad: Any = Variable.__dict__["grad"]


class Recording:
    """A `with` block: what the thread that enters it computes until the end becomes `trace`.

    arguments: the tensors that the step is given; the caller holds TURN
    """

    def __init__(self, arguments: list[Any]) -> None:
        self.trace = Trace()
        self._arguments = {id(x): k for k, x in enumerate(arguments)}
        self._numbers: dict[int, int] = {}
        self._references: list[Any] = []
        self._ghosts = Ghosts()
        # numbers of what isn't known to be the same in each run; ids of owners of arrays that the trace holds
        self._varying: set[int] = set()
        self._held: set[int] = set()
        self._thread = threading.get_ident()
        # above 0 while nothing is written down
        self._aside = 0
        # ids of the tensors that the step makes; of the others that it asks for .grad, what was there first
        self._fresh: set[int] = set()
        self._first: dict[int, tuple[Any, Any]] = {}
        self._written: dict[int, Any] = {}
        self._before: list[tuple[Any, str, Any]] = []
        self._dice = _dice()
        for k, x in enumerate(arguments):
            self._add(x._data, "argument", k)

    def __enter__(self) -> Recording:
        backend = CPU.backend
        self._kernels = put_around(self._logged, RECORDING)
        self._put(backend, "to_numpy", self._reading(backend.to_numpy))
        self._put(backend, "widened", self._widening(backend.widened))
        self._put(Variable, "grad", property(self._read_grad, self._write_grad))
        self._put(Optimizer, "_current_rates", self._rates(Optimizer._current_rates))
        self._put(Generator, "key", self._drawing(Generator.key))
        self._put(Generator, "manual_seed", self._seeding(Generator.manual_seed))
        self._put(NodeHooks, "__init__", self._hooking(NodeHooks.__init__))
        ACTIVE.on = True
        return self

    def __exit__(self, *error: object) -> None:
        ACTIVE.on = False
        take_away(self._logged)
        for of, name, value in reversed(self._before):
            setattr(of, name, value)

    def _put(self, owner: Any, name: str, value: Any) -> None:
        before = vars(owner)[name] if isinstance(owner, type) else getattr(owner, name)
        self._before.append((owner, name, before))
        setattr(owner, name, value)

    def number(self, array: Any) -> int | None:
        """The number of an array that the step has met."""
        return self._numbers.get(id(array))

    def refuse(self, problem: str) -> None:
        """Say why the step can't be replayed; the first reason stands."""
        if not self.trace.problem:
            self.trace.problem = problem

    def finish(self, returned: Any) -> None:
        """Write down what the step has returned and left in .grad."""
        if _dice() != self._dice:
            self.refuse("the step draws random numbers from Python's or NumPy's own generator")
        try:
            self.trace.returned = replaced(returned, self._returned)
        except TypeError as error:
            self.refuse(str(error))
        for x in self._written.values():
            now = _grad.__get__(x)
            if id(x) in self._first and self._first[id(x)][1] is now:
                continue
            leaf = self._arguments.get(id(x), x)
            if now is None:
                self.trace.gradients.append((leaf, None))
                continue
            if now._node is not None:
                self.refuse("the step leaves gradients that can be differentiated again (create_graph=True)")
            number = self.number(now._data)
            if number is None or id(now) not in self._fresh:
                self.trace.gradients.append((leaf, now))
            else:
                self.trace.gradients.append((leaf, number))

    def _returned(self, x: Any) -> Any:
        """What stands for a tensor that the step returned."""
        if id(x) in self._arguments:
            return Given(self._arguments[id(x)])
        number = self.number(x._data)
        if id(x) not in self._fresh:
            if number is not None and self.trace.values[number].kind == "gradient":
                self.refuse("the step returns a .grad that was there before; read it after the step")
            return x
        if number is None:
            self.refuse("the step returns a tensor that Python made; return it from outside the step")
            return None
        if x._requires and (x._node is None or x._node.saved is not None):
            self.refuse(
                "the step returns a tensor whose gradient can still be asked for; return its detach(), or "
                "run the step under no_grad()"
            )
        return Slot(number)

    # what stands at the seam

    def _mine(self) -> bool:
        # once the step is refused, nothing more is worth being written down
        return not self._aside and not self.trace.problem and threading.get_ident() == self._thread

    def _add(self, array: Any, kind: str, source: Any = None, place: str = "") -> int:
        number = self._numbers.get(id(array))
        if number is None:
            number = len(self.trace.values)
            small = kind == "external" and array.size <= SMALL and array.base is None
            form = array.shape, array.dtype, array.strides
            first = np.array(array) if small else None
            self._know(array, number)
            self.trace.values.append(Value(kind, array, form, source, place, first))
            if not small:
                self._varying.add(number)
            if kind != "result":
                self._held.add(id(owner(array)))
        return number

    def _add_result(self, array: Any, operands: tuple[int, ...], place: str) -> int:
        """The number of what a kernel gave. What may be another each time is held by a stand-in only."""
        number = self._numbers.get(id(array))
        if number is None:
            number = self._add(array, "result", None, place)
            if self._varying.isdisjoint(operands):
                self._varying.discard(number)
            if number in self._varying and id(owner(array)) not in self._held:
                try:
                    self.trace.values[number].array = self._ghosts.stand_in(array)
                except (OSError, MemoryError) as error:
                    self.refuse(f"there was no memory left to record what it computes at {place}: {error}")
            else:
                self._held.add(id(owner(array)))
        return number

    def _know(self, array: Any, number: int) -> None:
        """Remember an array's number for as long as it is there."""
        key, numbers = id(array), self._numbers
        numbers[key] = number
        self._references.append(weakref.ref(array, lambda _: numbers.pop(key, None)))

    def _logged(self, name: str, kernel: Any) -> Any:
        """A kernel that writes its calls down."""
        op = OPS[name]

        def logged(*given: Any) -> Any:
            if not self._mine():
                return kernel(*given)
            place = where()
            count = len(given) - len(op.attrs)
            operands = tuple([self._add(array, "external", None, place) for array in given[:count]])
            raw = kernel(*given)
            several = raw.__class__ is tuple or raw.__class__ is list
            parts = () if raw is None or not op.outputs else tuple(raw) if several else (raw,)
            arrays = tuple(
                [part if part.__class__ is CPU.array_type else CPU.as_array(part) for part in parts]
            )
            scalars = any(a is not b for a, b in zip(arrays, parts, strict=True))
            results = tuple([self._add_result(array, operands, place) for array in arrays])
            if name in _SHAPED_BY_VALUES:
                self.refuse(f"the shape of what {name!r} gives at {place} depends on values")
            self.trace.calls.append(
                Call(name, kernel, operands, given[count:], results, several, scalars, op.mutates, place)
            )
            return raw if not arrays else arrays if several else arrays[0]

        return logged

    def _reading(self, to_numpy: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def reading(array: Any) -> Any:
            if self._mine():
                self.refuse(
                    f"the step reads a tensor's values at {where()} (item(), tolist(), numpy(), a condition "
                    "or a printed tensor); return the tensor and read it outside"
                )
            return to_numpy(array)

        return reading

    def _widening(self, widened: Any) -> Any:
        """What computes ops of half precision, each as one call: what it makes on the way is its own."""

        def widening(kernel: Any, name: str, arrays: Any, attrs: Any, mutates: Any) -> Any:
            if not self._mine():
                return widened(kernel, name, arrays, attrs, mutates)
            plain, count = self._kernels[name], len(arrays)

            def through(*given: Any) -> Any:
                return widened(plain, name, given[:count], given[count:], mutates)

            return self._logged(name, through)(*arrays, *attrs)

        return widening

    def _rates(self, current_rates: Callable[[Optimizer], Any]) -> Callable[[Optimizer], Any]:
        def rates(optimizer: Optimizer) -> Any:
            if not self._mine():
                return current_rates(optimizer)
            if not any(each is optimizer for each in self.trace.optimizers):
                self.trace.optimizers.append(optimizer)
            self._aside += 1
            try:
                return current_rates(optimizer)
            finally:
                self._aside -= 1

        return rates

    def _drawing(self, key: Callable[..., Any]) -> Callable[..., Any]:
        def drawing(generator: Generator, words: int, device: Device = CPU) -> Any:
            made = key(generator, words, device)
            if self._mine() and device is CPU:
                place = where()
                number = self._add(made._data, "result", None, place)
                self.trace.calls.append(
                    Call("random_key", None, (), (generator, words), (number,), False, False, (), place)
                )
            return made

        return drawing

    def _seeding(self, manual_seed: Callable[..., Any]) -> Callable[..., Any]:
        def seeding(generator: Generator, seed: int) -> Any:
            if self._mine():
                self.refuse(f"the step seeds a generator at {where()}")
            return manual_seed(generator, seed)

        return seeding

    def _hooking(self, init: Callable[..., None]) -> Callable[..., None]:
        def hooking(hooks: NodeHooks) -> None:
            if self._mine():
                self.refuse(
                    f"the step hangs a hook on a tensor at {where()}, and what it does in Python would be "
                    "left out"
                )
            init(hooks)

        return hooking

    def _read_grad(self, x: Any) -> Any:
        now = _grad.__get__(x)
        if (
            self._mine()
            and id(x) not in self._fresh
            and id(x) not in self._first
            and id(x) not in self._written
        ):
            self._first[id(x)] = x, now
            leaf = self._arguments.get(id(x), x)
            self.trace.looked.append((leaf, now is not None))
            if now is not None:
                self._add(now._data, "gradient", leaf, where())
        return now

    def _write_grad(self, x: Any, value: Any) -> None:
        if self._mine():
            try:
                _grad.__get__(x)
                made = id(x) in self._fresh
            except AttributeError:  # the first thing that is put there: the step has just made the tensor
                self._fresh.add(id(x))
                made = True
            if not made:
                self._written[id(x)] = x
        _grad.__set__(x, value)


def _dice() -> Any:
    """Where Python's and NumPy's own generators are."""
    state: Any = np.random.get_state()
    return random.getstate(), state[1].tobytes(), state[2:]


def where() -> str:
    """File and line of the innermost code that isn't the engine's own."""
    frame: Any = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_ENGINE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename.rpartition(os.sep)[2]}:{frame.f_lineno}"
