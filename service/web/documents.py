"""The JSON that the API accepts: RFC 8259 and stricter, every fault told with its place.

Refused beyond malformed text: duplicate keys, NaN and infinities (also as 1e999), integers beyond 64 bits,
nesting deeper than MAX_DEPTH, lone surrogates and NUL in strings (no database column stores them). Nothing
here recurses, so depth costs no stack.
"""

from __future__ import annotations

import math
import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined] # typeshed leaves it out
from typing import Any

from service.errors import Fault, MalformedJson

MAX_DEPTH = 64
INT_MAX = 2**63 - 1
LONGEST_KEY = 200  # that an answer repeats

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[-+]?[A-Za-z_][A-Za-z0-9_]*")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
_NON_FINITE = {"nan", "inf", "infinity"}


def pointer(parts: list[str | int]) -> str:
    """RFC 6901: `["layers", 3, "a/b"]` is `/layers/3/a~1b`. It ends before an absurdly long key."""
    out = ""
    for part in map(str, parts):
        if len(part) > LONGEST_KEY:
            break
        out += "/" + part.replace("~", "~0").replace("/", "~1")
    return out


def parse(body: bytes) -> Any:
    """The value of a JSON document. Raises MalformedJson with line, column and pointer of the first fault."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"not UTF-8 from byte {error.start} on"
        raise MalformedJson(
            f"The body is not acceptable JSON: {detail}.", errors=[Fault("", detail)]
        ) from None
    return _Parser(text).document()


class _Parser:
    """One pass over the text with an explicit stack of open containers and of the keys that lead to them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.stack: list[dict[str, Any] | list[Any]] = []
        self.path: list[str | int] = []  # key or index in each open container

    def document(self) -> Any:
        while True:
            value, opened = self.value()
            if opened:
                continue
            # close every container that ends here, until one goes on or the document is complete
            while self.stack:
                self.store(value)
                if self.goes_on():
                    break
                value = self.stack.pop()
                self.path.pop()
            else:
                if self.peek():
                    raise self.fault("nothing may follow the document")
                return value

    def value(self) -> tuple[Any, bool]:
        """The next value, and whether it is a container that was opened and still wants its content."""
        char = self.peek()
        if char in "{[" and char:
            return self.open(char)
        if char == '"':
            return self.string(), False
        if match := _NUMBER.match(self.text, self.at):
            return self.number(match), False
        if match := _WORD.match(self.text, self.at):
            word = match.group()
            if word in _LITERALS:
                self.at = match.end()
                return _LITERALS[word], False
            if word.lstrip("+-").lower() in _NON_FINITE:
                raise self.fault(f"{word} is not JSON, and only finite numbers are accepted")
        raise self.fault(
            "a value is expected here" if char else "the document ends where a value is expected"
        )

    def open(self, char: str) -> tuple[Any, bool]:
        if len(self.stack) == MAX_DEPTH:
            raise self.fault(f"nested deeper than {MAX_DEPTH} levels")
        self.at += 1
        if char == "[":
            if self.peek() == "]":
                self.at += 1
                return [], False
            self.stack.append([])
            self.path.append(0)
            return None, True
        if self.peek() == "}":
            self.at += 1
            return {}, False
        self.stack.append({})
        self.path.append("")
        self.key()
        return None, True

    def key(self) -> None:
        if self.peek() != '"':
            self.path.pop()
            raise self.fault("a key in double quotes is expected here")
        start = self.at
        top = self.stack[-1]
        key = self.string(of_key=True)
        self.path[-1] = key
        if key in top:
            self.at = start
            raise self.fault(f"the key {key[:60]!r} stands twice in one object")
        if self.peek() != ":":
            raise self.fault("a colon is expected after the key")
        self.at += 1

    def store(self, value: Any) -> None:
        top = self.stack[-1]
        if isinstance(top, list):
            top.append(value)
        else:
            top[str(self.path[-1])] = value

    def goes_on(self) -> bool:
        """After a member: whether the innermost container has another. Steps over the comma or the end."""
        top = self.stack[-1]
        end = "]" if isinstance(top, list) else "}"
        char = self.peek()
        if char == end:
            self.at += 1
            return False
        if char != ",":
            what = f"a comma or {end} is expected here"
            raise self.fault(what if char else f"the document ends where {what.removesuffix(' here')}")
        self.at += 1
        if isinstance(top, list):
            self.path[-1] = len(top)
        else:
            self.key()
        return True

    def string(self, of_key: bool = False) -> str:
        try:
            value, end = scanstring(self.text, self.at + 1, True)
        except JSONDecodeError as error:
            self.at = error.pos
            if of_key:
                self.path.pop()
            raise self.fault(
                f"{error.msg[0].lower()}{error.msg[1:].removesuffix(' at').removesuffix(':')}"
            ) from None
        if match := _UNSTORABLE.search(value):
            if of_key:
                self.path.pop()
            raise self.fault(
                f"the string holds \\u{ord(match.group()):04x}, which is not a character of text"
            )
        self.at = end
        return str(value)

    def number(self, match: re.Match[str]) -> int | float:
        text = match.group()
        if match.group(1) is None and match.group(2) is None:
            if len(text) > 20 or not -INT_MAX - 1 <= int(text) <= INT_MAX:
                raise self.fault("the integer does not fit into 64 bits")
            self.at = match.end()
            return int(text)
        value = float(text)
        if not math.isfinite(value):
            raise self.fault("the number is beyond the range of a 64-bit float")
        self.at = match.end()
        return value

    def peek(self) -> str:
        """The next character that is not white space, "" at the end. Moves to it."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def fault(self, detail: str) -> MalformedJson:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        where = f"line {line}, column {column}"
        errors = [Fault(pointer(self.path), f"{where}: {detail}")]
        return MalformedJson(f"The body is not acceptable JSON: {where}: {detail}.", errors=errors)
