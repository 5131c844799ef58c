"""Lists of objects that are compared with themselves as they were, fast while they are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.capture.arguments import PLAIN

# longer values aren't written out in messages
_LONG = 80


class Watched:
    """A list of objects that is to stay what it is.

    read: gives the objects that are there now
    checked: whether it must stay so between steps as well, not only during one
    names: of each object, for messages
    add: (the core's guards, values) -> None, which puts them under guard there; None if they can't be
    keys: gives the keys under which the objects are, which must stay as well
    """

    __slots__ = ("_keys", "_names", "_read", "_read_keys", "_values", "add", "checked", "ids", "path")

    def __init__(
        self,
        path: str,
        values: list[Any],
        read: Any,
        checked: bool = True,
        names: list[str] | None = None,
        add: Callable[[Any, list[Any]], None] | None = None,
        keys: Callable[[], Any] | None = None,
    ) -> None:
        self.path, self.checked, self.add = path, checked, add
        # held, so that their addresses stay theirs
        self._values, self._read, self._names = values, read, names
        self._keys, self._read_keys = list(keys() if keys else ()), keys
        self.ids = tuple(map(id, [*values, *self._keys]))

    def now(self) -> tuple[int, ...]:
        if self._read_keys is None:
            return tuple(map(id, self._read()))
        return tuple(map(id, [*self._read(), *self._read_keys()]))

    def guard(self, guards: Any) -> None:
        """Put it under guard in the core."""
        assert self.add is not None
        self.add(guards, self._values)

    def difference(self) -> str:
        """Which object is another one, of another value; empty if all are equal."""
        now = list(self._read())
        if len(now) != len(self._values):
            return f"{self.path} had {len(self._values)} entries and has {len(now)}"
        if self._read_keys is not None:
            for before, after in zip(self._keys, self._read_keys(), strict=True):
                if not _same(before, after):
                    return f"{self.path} had an entry {before!r} where it has {after!r}"
        for k, (before, after) in enumerate(zip(self._values, now, strict=True)):
            if _same(before, after):
                continue
            name = self._names[k] if self._names else self.path
            if isinstance(before, PLAIN) and isinstance(after, PLAIN):
                was, has = repr(before), repr(after)
                if max(len(was), len(has)) > _LONG:
                    return f"{name} holds other values than before"
                return f"{name} was {was} and is {has}"
            return f"{name} is another object than before"
        return ""


def _same(before: Any, after: Any) -> bool:
    return before is after or (
        isinstance(before, PLAIN) and before.__class__ is after.__class__ and repr(before) == repr(after)
    )
