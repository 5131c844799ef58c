"""The arguments of a layer, optimizer or loss, read from its signature: types, defaults, limits, schema.

A type hint is the rule that a JSON value must keep. What JSON can't hold (a Tensor, a callable) is no
argument here.
"""

import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

from engine.dtypes import float32
from engine.spec.bounds import ANY_INTEGER, ANY_NUMBER, BOUNDS, LARGEST_SIZE, Bounds
from engine.spec.complaints import is_text, show
from engine.tensor import Generator, Tensor, creation

REQUIRED: Any = inspect.Parameter.empty
LONGEST_LIST = 64
LONGEST_VECTOR = 10_000  # of a weight for each class


class Mismatch(Exception):
    """A JSON value isn't what the argument takes. The message says what would be.

    path: where within the value
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class Nested(Protocol):
    """An argument that is itself something of the catalogue: a layer that is repeated, for one."""

    def make(self, **extra: Any) -> Any: ...
    def canonical(self) -> dict[str, Any]: ...


# how to read {"type": ...} where an argument's hint is a class of this kind, or a Callable
READERS: dict[Any, Callable[[type, Any], Nested]] = {}


@dataclass(frozen=True)
class Argument:
    """One argument that a definition may give.

    replaces: whether it is a number in place of an input: then it has no default
    """

    name: str
    hint: Any
    default: Any
    summary: str
    replaces: bool = False

    @property
    def required(self) -> bool:
        return self.default is REQUIRED and not self.replaces

    @property
    def bounds(self) -> Bounds | None:
        found = BOUNDS.get(self.name)
        # where the default lies outside, the name means something else: p is a probability, or a norm's order
        is_number = isinstance(self.default, int | float) and not isinstance(self.default, bool)
        return None if found is None or (is_number and not found.hold(self.default)) else found

    def read(self, value: Any) -> Any:
        """The Python value that the constructor takes, from a JSON value. Raises Mismatch."""
        return _read(self.hint, value, self.bounds)

    def schema(self) -> dict[str, Any]:
        """JSON schema (2020-12), with the default and the docstring's words."""
        schema = _schema(self.hint, self.bounds)
        if self.default is not REQUIRED:
            schema["default"] = to_json(self.default)
        if self.summary:
            schema["description"] = self.summary
        return schema


@dataclass(frozen=True)
class Numbers:
    """A vector in a job, such as the weights of the classes: float32 on the device of what it is for."""

    items: tuple[int | float, ...]

    def make(self, **extra: Any) -> Tensor:
        return creation.tensor(list(self.items), dtype=float32, device=extra.get("device"))

    def canonical(self) -> list[int | float]:
        return list(self.items)


def hints_of(target: Callable[..., Any]) -> dict[str, Any]:
    """The type hints of a function or a class's constructor."""
    function = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]  # only its signature is read
    # the engine's modules know these names only while they are type-checked
    known = {"Tensor": Tensor, "Operand": Tensor | bool | int | float, "Generator": Generator}
    return get_type_hints(function, localns=known)


def arguments_of(
    target: Callable[..., Any],
    docstring: str,
    skip: Sequence[str] = (),
    replacing: Sequence[str] = (),
    vectors: bool = False,
) -> dict[str, Argument] | None:
    """By name, in the signature's order; None if a required one can't be said in JSON.

    Open ones (*args) are left empty.

    skip: parameters that are given in another way
    replacing: those that can be numbers in place of inputs
    vectors: whether tensors are taken, as lists of numbers
    """
    hints = hints_of(target)
    found: dict[str, Argument] = {}
    for name, parameter in inspect.signature(target).parameters.items():
        if (
            name in skip
            or name.startswith("_")
            or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ):
            continue
        hint = _json_part(hints.get(name), vectors)
        if hint is not None and not (hint is type(None) and parameter.default is None):
            words = "a number in place of this input" if name in replacing else _summary(docstring, name)
            found[name] = Argument(name, hint, parameter.default, words, name in replacing)
        elif parameter.default is REQUIRED:
            return None
    return found


def object_schema(
    type_name: str, arguments: dict[str, Argument], optional: Sequence[str] = ()
) -> dict[str, Any]:
    """The schema of `{"type": type_name, ...arguments}`; `optional`: required ones that can be inferred."""
    required = [a.name for a in arguments.values() if a.required and a.name not in optional]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type_name,
        "type": "object",
        "properties": {"type": {"const": type_name}} | {name: a.schema() for name, a in arguments.items()},
        "required": ["type", *required],
        "additionalProperties": False,
    }


def to_json(value: Any) -> Any:
    """A constructor's value as JSON holds it: tuples are lists."""
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value.canonical() if hasattr(value, "canonical") else value


def made(value: Any, **extra: Any) -> Any:
    """A value for a constructor, with what is nested in it made first."""
    if isinstance(value, tuple | list):
        return [made(item, **extra) for item in value] if any(hasattr(v, "make") for v in value) else value
    return value.make(**extra) if hasattr(value, "make") else value


def reader_of(hint: Any) -> Callable[[type, Any], Nested] | None:
    """What reads an argument of that class, if it is one of the catalogue's kinds."""
    if get_origin(hint) is Callable:  # of tensors, as a distance: a function of the catalogue
        taken, given = get_args(hint)
        return READERS.get(Callable) if isinstance(taken, list) and {*taken, given} == {Tensor} else None
    if not isinstance(hint, type):
        return None
    return next((read for kind, read in READERS.items() if issubclass(hint, kind)), None)


def _json_part(hint: Any, vectors: bool = False) -> Any:
    """The part of a type hint that JSON can hold, or None. vectors: whether lists stand for tensors"""
    if hint is Tensor and vectors:
        return Numbers
    if hint in (bool, int, float, str, type(None)) or get_origin(hint) is Literal or reader_of(hint):
        return hint
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kept = [part for part in (_json_part(each, vectors) for each in inner) if part is not None]
        return Union[tuple(kept)] if kept else None  # noqa: UP007 - built at run time
    if origin in (tuple, list) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        items = [_json_part(part) for part in inner if part is not Ellipsis]
        if items and None not in items:
            is_open = origin is not tuple or Ellipsis in inner
            return tuple.__class_getitem__((items[0], ...) if is_open else tuple(items))
    return None


def _read(hint: Any, value: Any, bounds: Bounds | None) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        return _read_any(get_args(hint), value, bounds)
    if get_origin(hint) is Literal:
        if any(
            value is choice or (type(value) is type(choice) and value == choice) for choice in get_args(hint)
        ):
            return value
        raise Mismatch(f"is {show(value)}, not {_or([show(choice) for choice in get_args(hint)])}")
    if get_origin(hint) is tuple:
        return _read_list(get_args(hint), value, bounds)
    if hint is Numbers and isinstance(value, list):
        return Numbers(_read_list((float, ...), value, None, LONGEST_VECTOR))
    nested = reader_of(hint)
    if nested is not None and isinstance(value, Mapping):
        return nested(hint, value)
    if hint is bool and isinstance(value, bool):
        return value
    if hint is type(None) and value is None:
        return None
    if hint is str and isinstance(value, str) and is_text(value) and len(value) <= 200:
        return value
    if hint in (int, float) and not isinstance(value, bool):
        if isinstance(value, int) or (isinstance(value, float) and hint is float):
            return _bounded(hint, value, bounds)
        if isinstance(value, float) and value.is_integer() and hint is int:
            raise Mismatch(f"is {show(value)}, not an integer; write {show(int(value))}")
    raise Mismatch(f"is {show(value)}, not {_words(hint)}{_number_in_quotes(hint, value)}")


def _read_any(hints: tuple[Any, ...], value: Any, bounds: Bounds | None) -> Any:
    problems = []
    for hint in hints:
        try:
            return _read(hint, value, bounds)
        except Mismatch as mismatch:
            if mismatch.path:
                raise
            problems.append(str(mismatch))
    within = [problem for problem in problems if ", not " not in problem]  # the right type, out of its limits
    raise Mismatch(within[0] if within else f"is {show(value)}, not {_or([_words(hint) for hint in hints])}")


def _read_list(
    items: tuple[Any, ...], value: Any, bounds: Bounds | None, longest: int = LONGEST_LIST
) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Mismatch(f"is {show(value)}, not {_words(tuple.__class_getitem__(items))}")
    if Ellipsis in items:
        if len(value) > longest:
            raise Mismatch(f"has {len(value)} items; at most {longest} are taken")
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise Mismatch(f"has {len(value)} items, not {len(items)}")
    read = []
    for position, (hint, item) in enumerate(zip(items, value, strict=True)):
        try:
            read.append(_read(hint, item, bounds))
        except Mismatch as mismatch:
            if mismatch.path:
                raise Mismatch(str(mismatch), (position, *mismatch.path)) from None
            raise Mismatch(f"has a fault at item {position}: it {mismatch}") from None
    return tuple(read)


def _bounded(hint: type, value: int | float, bounds: Bounds | None) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise Mismatch(f"is {show(value)}; it must be finite")
    bounds = bounds or (ANY_INTEGER if hint is int else ANY_NUMBER)
    if value > bounds.maximum >= LARGEST_SIZE:
        raise Mismatch(f"is {show(value)}, too large; the limit is {show(bounds.maximum)}")
    if not bounds.hold(value):
        raise Mismatch(f"is {show(value)}; it must be {bounds.words()}")
    return hint(value)  # type: ignore[no-any-return]  # int or float


def _number_in_quotes(hint: Any, value: Any) -> str:
    digits = (
        isinstance(value, str)
        and len(value) < 20
        and value.strip().replace(".", "", 1).lstrip("+-").isdecimal()
    )
    return f"; write {value.strip()} without the quotes" if hint in (int, float) and digits else ""


def _words(hint: Any) -> str:
    """A type hint in an English sentence."""
    plain = {bool: "true or false", int: "an integer", float: "a number", str: "a string", type(None): "null"}
    if get_origin(hint) in (Union, types.UnionType):
        return _or([_words(part) for part in get_args(hint)])
    if get_origin(hint) is Literal:
        return _or([show(choice) for choice in get_args(hint)])
    if get_origin(hint) is tuple:
        items = get_args(hint)
        several = {int: "integers", float: "numbers", str: "strings", bool: "booleans"}.get(
            items[0], "objects"
        )
        return f"a list of {several}" if Ellipsis in items else f"a list of {len(items)} {several}"
    if hint is Numbers:
        return "a list of numbers"
    if get_origin(hint) is Callable:
        return 'an object that names a function, such as {"type": "gelu"}'
    return plain.get(hint) or f"an object with the type of a {hint.__name__} and its arguments"


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _schema(hint: Any, bounds: Bounds | None) -> dict[str, Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return {"anyOf": [_schema(part, bounds) for part in get_args(hint)]}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        items = get_args(hint)
        if Ellipsis in items:
            return {"type": "array", "items": _schema(items[0], bounds), "maxItems": LONGEST_LIST}
        parts = [_schema(item, bounds) for item in items]
        return {"type": "array", "prefixItems": parts, "minItems": len(items), "maxItems": len(items)}
    if hint is Numbers:
        return {"type": "array", "items": _schema(float, None), "minItems": 1, "maxItems": LONGEST_VECTOR}
    if reader_of(hint):
        return {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}
    name = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}[hint]
    if hint in (int, float):
        return {"type": name} | (bounds or (ANY_INTEGER if hint is int else ANY_NUMBER)).schema()
    return {"type": name}


def _summary(docstring: str, name: str) -> str:
    """The words of the docstring's line "name: words", or nothing."""
    for line in docstring.splitlines():
        head, colon, words = line.strip().partition(": ")
        if colon and name in [part.strip(" `") for part in head.split(",")]:
            return words.strip()
    return ""
