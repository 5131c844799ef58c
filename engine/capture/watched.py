"""Lists of objects that are compared with themselves as they were, fast while they are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.capture.arguments import PLAIN


class Watched:
    """A list of objects that is to stay what it is.

    read: gives the objects that are there now
    checked: whether it must stay so between steps as well, not only during one
    names: of each object, for messages
    add: (the core's guards, values) -> None, which puts them under guard there; None if they can't be
    """

    __slots__ = ("_names", "_read", "_values", "add", "checked", "ids", "path")

    def __init__(
        self,
        path: str,
        values: list[Any],
        read: Any,
        checked: bool = True,
        names: list[str] | None = None,
        add: Callable[[Any, list[Any]], None] | None = None,
    ) -> None:
        self.path, self.checked, self.add = path, checked, add
        # held, so that their addresses stay theirs
        self._values, self._read, self._names = values, read, names
        self.ids = tuple(map(id, values))

    def now(self) -> tuple[int, ...]:
        return tuple(map(id, self._read()))

    def guard(self, guards: Any) -> None:
        """Put it under guard in the core."""
        assert self.add is not None
        self.add(guards, self._values)

    def difference(self) -> str:
        """Which object is another one, of another value; empty if all are equal."""
        now = list(self._read())
        if len(now) != len(self._values):
            return f"{self.path} had {len(self._values)} entries and has {len(now)}"
        for k, (before, after) in enumerate(zip(self._values, now, strict=True)):
            if before is after or (
                isinstance(before, PLAIN)
                and before.__class__ is after.__class__
                and repr(before) == repr(after)
            ):
                continue
            name = self._names[k] if self._names else self.path
            if isinstance(before, PLAIN) and isinstance(after, PLAIN):
                return f"{name} was {before!r} and is {after!r}"
            return f"{name} is another object than before"
        return ""
