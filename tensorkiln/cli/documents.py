"""A JSON file of the user's: read with good complaints, and searched for the place that a pointer names."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorkiln.errors import Problem

_SPACE = re.compile(r"[ \t\n\r]*")
_SHOWN_WIDTH = 100


class BadDocument(Exception):
    """The file cannot be read as a JSON object. The message names file, line and column."""


@dataclass(frozen=True)
class Document:
    name: str
    text: str
    content: dict[str, Any]

    def complaints(self, problems: Sequence[Problem]) -> list[str]:
        """The service's problems with file, line and column, and the line itself with a caret below."""
        lines = []
        for problem in problems:
            if problem.parameter:
                lines.append(str(problem))
                continue
            at = place(self.text, problem.pointer)
            lines += [f"{self.name}:{_line_column(self.text, at)}: {problem}", *_excerpt(self.text, at)]
        return lines


def read_document(name: str) -> Document:
    """The JSON object in the file, or on standard input for `-`. Raises BadDocument."""
    shown = "<stdin>" if name == "-" else name
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except UnicodeDecodeError as fault:
        raise BadDocument(f"{shown} is not UTF-8: byte {fault.start} is {fault.reason}") from None
    except OSError as fault:
        raise BadDocument(f"{shown}: {(fault.strerror or str(fault)).lower()}") from None
    try:
        content = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as fault:
        message = fault.msg[0].lower() + fault.msg[1:]
        lines = [f"{shown}:{fault.lineno}:{fault.colno}: not JSON: {message}", *_excerpt(text, fault.pos)]
        raise BadDocument("\n".join(lines)) from None
    except RecursionError:
        raise BadDocument(f"{shown}: nested too deeply") from None
    except ValueError as fault:
        raise BadDocument(f"{shown}: {fault}") from None
    if not isinstance(content, dict):
        raise BadDocument(f"{shown}: a JSON object is expected, with a job's fields")
    return Document(shown, text, content)


def place(text: str, pointer: str) -> int:
    """Where the value that the pointer (RFC 6901) names begins in a valid JSON text; that of the
    nearest thing around it where it is not there itself."""
    at = _skip_space(text, 0)
    for part in pointer.split("/")[1:]:
        inner = _member(text, at, part.replace("~1", "/").replace("~0", "~"))
        if inner is None:
            break
        at = inner
    return at


def _member(text: str, at: int, name: str) -> int | None:
    """Where the member of the object or array at `at` begins."""
    decoder = json.JSONDecoder()
    opening = text[at]
    if opening not in "{[":
        return None
    number = 0
    at = _skip_space(text, at + 1)
    while text[at] not in "]}":
        key: Any = str(number)
        if opening == "{":
            key, at = decoder.raw_decode(text, at)
            at = _skip_space(text, _skip_space(text, at) + 1)  # over the colon
        if key == name:
            return at
        _, at = decoder.raw_decode(text, at)
        at = _skip_space(text, at)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
        number += 1
    return None


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line_column(text: str, at: int) -> str:
    return f"{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


def _excerpt(text: str, at: int) -> list[str]:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)].replace("\t", " ")
    column = at - start
    cut = max(0, column - _SHOWN_WIDTH // 2)
    return [f"    {line[cut : cut + _SHOWN_WIDTH]}", f"    {'':{column - cut}}^"]


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON; a number must be finite")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return members
