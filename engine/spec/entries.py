"""One thing that a definition or a job can name, read from the engine's own signature and docstring."""

import functools
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from engine.spec.arguments import Argument, Mismatch, arguments_of, hints_of, object_schema, to_json
from engine.spec.complaints import Complaints, at, nearest, show
from engine.tensor import Tensor

# parameters that the engine passes by itself
PASSED = ("device", "dtype", "params", "optimizer", "last_epoch")
NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"  # of a layer's name
# arguments that follow from the input's shape, and the axis that says them
INFERRED = {"in_features": -1}


@dataclass(frozen=True)
class Entry:
    """One thing that can be named.

    kind: "module", "function", "loss", "optimizer", "scheduler", "transform" or "metric"
    fewest, most: how many tensors a module or function takes; most is None where there is no limit
    """

    kind: str
    name: str
    target: Callable[..., Any]
    arguments: dict[str, Argument]
    summary: str
    fewest: int = 1
    most: int | None = 1

    def takes(self, inputs: int) -> bool:
        return self.fewest <= inputs and (self.most is None or inputs <= self.most)

    def inputs_words(self) -> str:
        words = {1: "one input", 2: "two inputs", 3: "three inputs"}
        return "one input or more" if self.most is None else words[self.fewest]

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
                    complaints.add(at(pointer, name), f"{name} {mismatch}")
            elif argument.required and name not in INFERRED:
                complaints.add(pointer, f"{self.name} needs {name}, which is missing")
        return values

    def make(self, values: dict[str, Any], **extra: Any) -> Any:
        """The object, or for a function the call that waits for its tensors."""
        if self.kind != "function":
            known = self._parameters
            return self.target(**values, **{key: value for key, value in extra.items() if key in known})
        if self.most is None:
            return lambda *tensors: self.target(tensors, **values)
        return functools.partial(self.target, **values)

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
            name: to_json(values.get(name, argument.default)) for name, argument in self.arguments.items()
        }

    def describe(self) -> dict[str, Any]:
        """The catalogue's entry, JSON-safe."""
        schema = object_schema(self.name, self.arguments, optional=tuple(INFERRED))
        entry = {"type": self.name, "summary": self.summary, "schema": schema}
        if self.kind in ("module", "function"):
            name = {"type": "string", "pattern": NAME_PATTERN}
            inputs = {"type": "array", "items": {"type": "string"}, "minItems": self.fewest}
            if self.most is not None:
                inputs["maxItems"] = self.most
            schema["properties"] |= {"name": name, "inputs": inputs}
            entry["kind"] = self.kind
        return entry


def entry_of(kind: str, target: Callable[..., Any]) -> Entry | None:
    """The entry of a class or function; None if JSON can't say what it must be given."""
    docstring = inspect.getdoc(target) or ""
    operands, most = _operands(target) if kind == "function" else ((), 1)
    if kind == "metric":
        operands = ("output", "target")
    arguments = arguments_of(target, docstring, operands if kind == "fields" else (*operands, *PASSED))
    if arguments is None:
        return None
    summary = docstring.split("\n\n")[0].replace("\n", " ") or f"PyTorch's {target.__name__}."
    return Entry(kind, target.__name__, target, arguments, summary, max(len(operands), 1), most)


def _operands(function: Callable[..., Any]) -> tuple[tuple[str, ...], int | None]:
    """The parameters that must be tensors: these are a node's inputs. And how many tensors they can hold."""
    hints = hints_of(function)
    operands: list[str] = []
    most: int | None = 0
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is parameter.empty and _holds_tensors(hints[name]):
            operands.append(name)
            single = get_origin(hints[name]) in (None, Union, types.UnionType)
            most = most + 1 if single and most is not None else None
    return tuple(operands), most


def _holds_tensors(hint: Any) -> bool:
    return hint is Tensor or any(_holds_tensors(part) for part in get_args(hint))
