"""Collecting what is wrong with a document: a JSON pointer (RFC 6901) and one sentence for each fault."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from engine.errors import Problem, SpecError

LIMIT = 100  # a hopeless document gets a readable answer, not one line per byte
MOST_KNOWN = 1000  # names that a misspelt one is compared with: each comparison takes microseconds
SHOWN = 40  # characters of a user's string that a message repeats


class Complaints:
    """The problems found so far. Reading goes on after a fault, so that one answer names them all."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, pointer: str, detail: str) -> None:
        """Raises SpecError once there are more than LIMIT: looking for further ones would only cost time."""
        if len(self.problems) == LIMIT:
            raise SpecError([*self._sorted(), Problem("", f"only the first {LIMIT} problems are listed")])
        self.problems.append(Problem(pointer, detail))

    def __len__(self) -> int:
        return len(self.problems)

    def raise_any(self) -> None:
        """Raise SpecError with what was found, if anything was, in the order of places."""
        if self.problems:
            raise SpecError(self._sorted())

    def _sorted(self) -> list[Problem]:
        return sorted(self.problems, key=lambda problem: _place(problem.pointer))


def _place(pointer: str) -> list[tuple[int, str]]:
    """For sorting: items of a list by their number, fields by their name."""
    return [(int(token), "") if token.isdecimal() else (-1, token) for token in pointer.split("/")]


def at(pointer: str, *tokens: str | int) -> str:
    """The pointer to a place below `pointer`.

    A key that no answer can carry (not Unicode text, or absurdly long) is left out: then the pointer names
    its parent.
    """
    for token in map(str, tokens):
        if len(token) > 200 or not is_text(token):
            return pointer
        pointer += "/" + token.replace("~", "~0").replace("/", "~1")
    return pointer


def is_text(value: str) -> bool:
    """True if a string can be stored and sent: no lone surrogates, no control characters."""
    return not any(ch < " " or ch == "\x7f" or "\ud800" <= ch <= "\udfff" for ch in value)


def show(value: Any) -> str:
    """A JSON value in a message: short, on one line, and never walking into a nested one."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 70 else "an integer of more than 20 digits"
    if isinstance(value, float):
        return (
            repr(value)
            if math.isfinite(value)
            else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
        )
    if isinstance(value, str):
        return json.dumps(
            value if len(value) <= SHOWN else value[: SHOWN - 1] + "…", ensure_ascii=not is_text(value)
        )
    if isinstance(value, list | tuple):
        flat = all(isinstance(item, int) for item in value) and len(value) <= 8
        if flat:
            return "[" + ", ".join(map(show, value)) + "]"
        return f"a list of {len(value)} item" + "s" * (len(value) != 1)
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"


def nearest(name: Any, names: Iterable[str]) -> str:
    """ "; did you mean "Linear"?" for the known name that comes closest; else all of them if few.

    Among more than MOST_KNOWN names none is looked for.
    """
    known = sorted(names)
    if isinstance(name, str) and len(known) <= MOST_KNOWN:
        folded = {known_name.lower(): known_name for known_name in known}
        close = get_close_matches(name[:100].lower(), folded, n=1, cutoff=0.6)
        if close:
            return f'; did you mean "{folded[close[0]]}"?'
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 24 else ""


def unknown_fields(
    document: Mapping[str, Any], known: Sequence[str], pointer: str, complaints: Complaints
) -> None:
    """Complain about each field that isn't one of `known`."""
    for key in document:
        if key not in known:
            complaints.add(at(pointer, key), f"the field {show(key)} isn't known{nearest(key, known)}")
