"""One thing that a definition or a job can name, read from the engine's own signature and docstring."""

import functools
import inspect
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Union, get_args, get_origin

from engine.nn import Module
from engine.spec.arguments import Argument, Mismatch, arguments_of, hints_of, made, object_schema, to_json
from engine.spec.complaints import Complaints, at, nearest, show
from engine.spec.masks import CAUSAL, MASKS
from engine.tensor import Tensor

# parameters that the engine passes by itself
PASSED = ("device", "dtype", "params", "optimizer", "last_epoch")
NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"  # of a layer's name
# of something of the catalogue as an argument, with all that is an argument of it
DEEPEST_PART = 4
MOST_PARTS = 64
# arguments that follow from the inputs' shapes: of which input, and the axis that says them
INFERRED = {
    "in_features": (0, -1),
    "in1_features": (0, -1),
    "in2_features": (1, -1),
    "input_size": (0, -1),
    "embed_dim": (0, -1),
    "d_model": (0, -1),
    "normalized_shape": (0, -1),
    "in_channels": (0, 1),
    "num_features": (0, 1),
    "num_channels": (0, 1),
}


@dataclass(frozen=True)
class Entry:
    """One thing that can be named.

    kind: "module", "function", "loss", "optimizer", "scheduler", "transform" or "metric"
    operands: the parameters that are tensors, by name; empty where there may be any number of them
    calls: the arguments that a module takes not when it is made but when it is called, such as is_causal; of
        a function all are
    """

    kind: str
    name: str
    target: Callable[..., Any]
    arguments: dict[str, Argument]
    summary: str
    operands: tuple[str, ...] = ("input",)
    calls: frozenset[str] = frozenset()

    def takes(self, inputs: int, given: Collection[str] = ()) -> bool:
        """Whether so many inputs fit, beside those arguments that are given."""
        return inputs == len(self.left(given)) if self.operands else inputs > 0

    def inputs_words(self, given: Collection[str] = ()) -> str:
        if not self.operands:
            return "one input or more"
        words = {0: "no input", 1: "one input", 2: "two inputs", 3: "three inputs"}
        left = self.left(given)
        names = f" ({', '.join(left)})" if len(left) > 1 else ""
        return words.get(len(left), f"{len(left)} inputs") + names

    def left(self, given: Collection[str]) -> list[str]:
        """The operands that no number stands for."""
        return [name for name in self.operands if name not in given]

    def read(self, given: dict[str, Any], pointer: str, complaints: Complaints) -> dict[str, Any]:
        """Arguments as the constructor takes them, in its order, from JSON; faults go to `complaints`."""
        values: dict[str, Any] = {}
        for key in given:
            if key not in self.arguments:
                near = nearest(key, self.arguments) if self.arguments else "; it takes none"
                complaints.add(at(pointer, key), f"{self.name} has no argument {show(key)}{near}")
        for name, argument in self.arguments.items():
            if name in given:
                try:
                    values[name] = argument.read(given[name])
                except Mismatch as mismatch:
                    detail = str(mismatch) if mismatch.path else f"{name} {mismatch}"
                    complaints.add(at(pointer, name, *mismatch.path), detail)
            elif argument.required and name not in INFERRED:
                complaints.add(pointer, f"{self.name} needs {name}, which is missing")
        return values

    def make(self, values: dict[str, Any], **extra: Any) -> Any:
        """The object, or for a function the call that waits for its tensors."""
        if isinstance(self.target, type):
            known = self._parameters
            given = {key: value for key, value in extra.items() if key in known}
            return self.target(
                **{name: made(value, **extra) for name, value in values.items() if name not in self.calls},
                **given,
            )
        given = {name: made(value, **extra) for name, value in values.items()}
        if not self.operands:
            return lambda *tensors: self.target(tensors, **given)
        names = self.left(values)
        if len(names) < 2:
            return functools.partial(self.target, **given)
        # by name: another argument may stand between two operands, as in gather(input, dim, index)
        return lambda *tensors: self.target(**dict(zip(names, tensors, strict=True)), **given)

    def called(self, values: dict[str, Any]) -> dict[str, Any]:
        """Those of the values that a module is given with each call."""
        return {name: value for name, value in values.items() if name in self.calls}

    @functools.cached_property
    def _parameters(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.target).parameters)

    def canonical(self, values: dict[str, Any]) -> dict[str, Any]:
        """The arguments as JSON, without those that are at their defaults."""
        kept = {}
        for name, argument in self.arguments.items():
            if name in values and (argument.required or values[name] != argument.default):
                kept[name] = to_json(values[name])
        return kept

    def complete(self, values: dict[str, Any]) -> dict[str, Any]:
        """The arguments as JSON, with every default."""
        return {
            name: to_json(values.get(name, argument.default))
            for name, argument in self.arguments.items()
            if name in values or not argument.replaces
        }

    def describe(self) -> dict[str, Any]:
        """The catalogue's entry, JSON-safe."""
        schema = object_schema(self.name, self.arguments, optional=tuple(INFERRED))
        entry = {"type": self.name, "summary": self.summary, "schema": schema}
        if self.kind in ("module", "function"):
            name = {"type": "string", "pattern": NAME_PATTERN}
            least = [each for each in self.operands if each not in self.arguments]
            inputs = {"type": "array", "items": {"type": "string"}, "minItems": max(len(least), 1)}
            if self.operands:
                inputs["maxItems"] = len(self.operands)
            schema["properties"] |= {"name": name, "inputs": inputs}
            if "reduction" in self.arguments:  # of losses: a node gives something for each sample
                schema["properties"]["reduction"] = {"enum": ["none"]}
                if self.arguments["reduction"].default != "none":
                    schema["required"].append("reduction")
            entry["kind"] = self.kind
        return entry


@dataclass(frozen=True)
class Part:
    """Something of the catalogue as an argument of something else."""

    entry: Entry
    values: dict[str, Any]

    def make(self, **extra: Any) -> Any:
        return self.entry.make(self.values, **extra)

    def canonical(self) -> dict[str, Any]:
        return {"type": self.entry.name, **self.entry.canonical(self.values)}


def read_part(known: Mapping[str, Entry], kind: type, value: Mapping[str, Any]) -> Part:
    """What {"type": ..., arguments} names among `known`, which must be of that kind. Raises Mismatch.

    kind: a class, or how a function is called: Callable[[Tensor, Tensor], Tensor]
    """
    if _nests_too_much(value):
        raise Mismatch(f"nests objects deeper than {DEEPEST_PART}, or holds more than {MOST_PARTS} of them")
    name = value.get("type")
    entry = known.get(name) if isinstance(name, str) else None
    if entry is None or not _is_of(kind, entry):
        fitting = [key for key, each in known.items() if _is_of(kind, each)]
        raise Mismatch(f"the type {show(name)} isn't known here{nearest(name, fitting)}", ("type",))
    complaints = Complaints()
    values = entry.read({key: each for key, each in value.items() if key != "type"}, "", complaints)
    for name, argument in entry.arguments.items():
        if argument.required and name not in values:
            raise Mismatch(f"{entry.name} needs {name}, which is missing", (name,))
    for problem in complaints.problems:
        raise Mismatch(problem.detail, tuple(problem.pointer.split("/")[1:]) or ("type",))
    return Part(entry, values)


def _is_of(kind: Any, entry: Entry) -> bool:
    if isinstance(kind, type):
        return isinstance(entry.target, type) and issubclass(entry.target, kind)
    return entry.kind == "function" and len(entry.operands) == len(get_args(kind)[0])


def _nests_too_much(value: Mapping[str, Any]) -> bool:
    """Without recursion, since what is asked for may be deeper than Python's stack."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    found = 0
    while waiting:
        item, depth = waiting.pop()
        if isinstance(item, Mapping):
            found += 1
            if depth > DEEPEST_PART or found > MOST_PARTS:
                return True
            waiting += [(each, depth + 1) for each in item.values()]
        elif isinstance(item, list):
            waiting += [(each, depth) for each in item]
    return False


def entry_of(kind: str, target: Callable[..., Any]) -> Entry | None:
    """The entry of a class or function; None if JSON can't say what it must be given."""
    docstring = inspect.getdoc(target) or ""
    operands: tuple[str, ...] = ("input",)
    replacing: tuple[str, ...] = ()
    called: dict[str, Argument] = {}
    is_module = isinstance(target, type) and issubclass(target, Module)
    if is_module:
        forward = target.forward  # type: ignore[attr-defined]  # of a module
        operands, replacing = _operands(forward)
        called = _called(forward, docstring, operands, replacing)
    elif kind in ("function", "loss"):
        operands, replacing = _operands(target)
    elif kind == "metric":
        operands = ("output", "target")
    if kind == "fields":
        skip: tuple[str, ...] = ()
    elif is_module:
        skip = PASSED
    else:
        skip = (*(name for name in operands or _first_parameter(target) if name not in replacing), *PASSED)
    # losses take weights of classes
    arguments = arguments_of(target, docstring, skip, replacing, vectors=target.__name__.endswith("Loss"))
    if arguments is None:
        return None
    for flag in MASKS.get(target, {}):  # type: ignore[call-overload]  # functions have none
        called[flag] = replace(called[flag], summary=CAUSAL)
    calls = frozenset(called.keys() - arguments.keys())
    arguments |= {name: called[name] for name in called if name in calls}
    summary = docstring.split("\n\n")[0].replace("\n", " ") or f"PyTorch's {target.__name__}."
    return Entry(kind, target.__name__, target, arguments, summary, operands, calls)


def _called(
    forward: Callable[..., Any], docstring: str, operands: Sequence[str], replacing: Sequence[str]
) -> dict[str, Argument]:
    """The arguments of a module's forward that JSON can say: with a default, or for an operand a number."""
    skip = ("self", *(name for name in operands if name not in replacing))
    found = arguments_of(forward, docstring, skip, replacing) or {}
    return {name: argument for name, argument in found.items() if not argument.required}


def _operands(function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parameters that must be tensors: a node's inputs. And those of them that may be numbers as well.

    The first is empty where one parameter holds any number of tensors.
    """
    hints = hints_of(function)
    operands: list[str] = []
    numbers: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name)
        if parameter.default is not parameter.empty or not _holds_tensors(hint):
            continue
        parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        if not any(inspect.isclass(part) and issubclass(part, Tensor) for part in parts):
            return (), ()
        if operands and {int, float} & set(parts):
            numbers.append(name)
        operands.append(name)
    return tuple(operands) or ("input",), tuple(numbers)


def _first_parameter(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)[:1]


def _holds_tensors(hint: Any) -> bool:
    return hint is Tensor or any(_holds_tensors(part) for part in get_args(hint))
