"""What a recording holds: the flat list of kernel calls of one step, and the values that they pass on.

Values have numbers, in the order in which the step meets them; a program is lowered from this list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.autograd.tape import Variable

# a copied constant is small: whatever is larger is data
SMALL = 1024


@dataclass(slots=True)
class Value:
    """An array that a recorded call takes or gives.

    kind: "argument", "gradient" (what a leaf's .grad held before the step), "external" (memory that was there
        before the step, or that Python made within it), "result"
    array: as recorded, or what stands in for it; kept until the program is made, so that its address stays
        its own
    form: its shape, dtype and strides
    source: of an argument its position, of a gradient its leaf, else None
    place: file and line of the step where it was first met
    first: a copy of a small external array, as it was met
    """

    kind: str
    array: Any
    form: tuple[Any, ...]
    source: Any = None
    place: str = ""
    first: Any = None


@dataclass(slots=True)
class Call:
    """One call of a kernel.

    op: the op's name; "random_key" for the key that a generator gives, with (generator, words) as attrs
    scalars: whether the kernel gave something that still had to be made an array
    """

    op: str
    kernel: Any
    operands: tuple[int, ...]
    attrs: tuple[Any, ...]
    results: tuple[int, ...]
    several: bool
    scalars: bool
    mutates: tuple[int, ...]
    place: str


@dataclass(slots=True)
class Trace:
    """One run of a step.

    gradients: (leaf, number of what its .grad is afterwards; None; or a tensor from outside the step)
    looked: (leaf, whether its .grad was a tensor) where the step depends on what .grad was before
    returned: what the step returned, with numbers in the places of its tensors
    optimizers: whose learning rates the step reads
    made: numbers of the small external arrays that Python makes anew in each run, the same ones each time
    problem: why the step can't be replayed; empty where it can
    """

    values: list[Value] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    gradients: list[tuple[Any, Any]] = field(default_factory=list)
    looked: list[tuple[Any, bool]] = field(default_factory=list)
    returned: Any = None
    optimizers: list[Any] = field(default_factory=list)
    made: set[int] = field(default_factory=set)
    problem: str = ""

    def release(self) -> None:
        """Let go of the arrays of the run itself, which only its program's making needs."""
        for value in self.values:
            if value.kind != "external":
                value.array = None


def same(a: Any, b: Any) -> bool:
    """Whether two attributes are the same, -0.0 and 0.0 or 1 and True being different ones."""
    if a is b:
        return True
    if a.__class__ is not b.__class__:
        return False
    if a.__class__ in (tuple, list):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)


def difference(first: Trace, second: Trace) -> str:
    """In which way two runs of a step aren't the same; empty where they are."""
    for a, b in zip(first.calls, second.calls, strict=False):
        if a.op != b.op or a.operands != b.operands or a.results != b.results:
            return f"it computed {a.op!r} at {a.place}, and the next time {b.op!r} at {b.place}"
        if not same(a.attrs, b.attrs):
            return (
                f"{a.op!r} at {a.place} was given {_shown(a, b)}: a number that Python computes in the step"
            )
    if len(first.calls) != len(second.calls):
        return f"it made {len(first.calls)} calls, and the next time {len(second.calls)}"
    for x, y in zip(first.values, second.values, strict=False):
        if x.kind != y.kind or x.source is not y.source:
            return f"it took a tensor at {x.place} from another place than the time before, at {y.place}"
        if x.form != y.form:
            return f"a tensor at {x.place} had the shape {x.form[0]}, and the next time {y.form[0]}"
        if x.kind == "external" and x.array is not y.array and not _equal(x, y):
            return (
                f"a tensor of shape {y.form[0]} at {y.place} is made by Python in the step (or is "
                "another each time); pass it as an argument"
            )
    if not same_structure(first.returned, second.returned):
        return f"it returned {first.returned!r}, and the next time {second.returned!r}"
    if len(first.gradients) != len(second.gradients) or any(
        p is not q or not (a is b or (isinstance(a, int) and a == b))
        for (p, a), (q, b) in zip(first.gradients, second.gradients, strict=True)
    ):
        return "it left .grad in other leaves than the time before"
    if [id(each) for each in first.optimizers] != [id(each) for each in second.optimizers]:
        return "it stepped other optimizers than the time before"
    return ""


def same_structure(a: Any, b: Any) -> bool:
    """Whether two returned values have the same form, numbers and other objects."""
    if a.__class__ is not b.__class__:
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same_structure, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same_structure, a.values(), b.values()))
    if isinstance(a, Slot):
        return bool(a.number == b.number)
    if isinstance(a, Given):
        return bool(a.position == b.position)
    if isinstance(a, Variable):
        return a is b
    return same(a, b)


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for a tensor in what a step returned."""

    number: int


@dataclass(frozen=True, slots=True)
class Given:
    """Stands for an argument that a step returned."""

    position: int


def made_by_python(first: Trace, second: Trace) -> set[int]:
    """The external values that are other arrays in the second of two runs that are the same."""
    pairs = enumerate(zip(first.values, second.values, strict=True))
    return {k for k, (x, y) in pairs if x.kind == "external" and x.array is not y.array}


def _equal(x: Value, y: Value) -> bool:
    """Whether arrays that Python made anew in both runs held the same few numbers."""
    return x.first is not None and y.first is not None and x.first.tobytes() == y.first.tobytes()


def _shown(a: Call, b: Call) -> str:
    for x, y in zip(a.attrs, b.attrs, strict=False):
        if not same(x, y):
            return f"{x!r}, and the next time {y!r}"
    return "other attributes"


def owner(array: Any) -> Any:
    """The object whose memory an array shows."""
    while (base := getattr(array, "base", None)) is not None:
        array = base
    return array


def address(array: Any) -> int:
    """Where an array's first element lies."""
    return int(array.__array_interface__["data"][0])
