"""One readable log of all processes: to the terminal, and to a file that is rotated."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

OURS = "kiln"
_COLOURS = {OURS: "1", "api": "36", "broker": "35", "migrate": "33"}
_WORKER_COLOUR = "32"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_LONGEST_LINE = 8192
# The time that a process writes at a line's head, as Python's logging does or as Redis does: we write ours.
_OWN_TIME = re.compile(
    r"^(?:(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z? "
    r"|\d+:[A-Z] \d+ [A-Z][a-z]{2} \d{4} [\d:.]+ [-#*.] )"
)
# Of no interest to who watches: a line per request, per checkpoint, and Celery's own farewell.
_FOR_THE_FILE = re.compile(
    r"^(?:INFO +service\.access |INFO +\S+ attempt \d+: checkpoint |worker: \w+ shutdown )"
)
_USUAL_LEVEL = re.compile(r"^INFO +")


class Journal:
    """Lines with the time and the name of the process that wrote them, as `09:30:00 api | …`.

    path: the file; rotated to path.1, path.2, path.3 beyond max_bytes
    """

    def __init__(self, path: Path, *, max_bytes: int = 10 << 20, kept: int = 3) -> None:
        self._path = path
        self._terminal: TextIO | None = None
        self._colour = False
        self._max_bytes = max_bytes
        self._kept = kept
        self._file = path.open("a", encoding="utf-8")
        self._size = path.stat().st_size

    def show_on(self, terminal: TextIO | None, *, colour: bool) -> None:
        """From now on write what happens to the terminal too, its prefix coloured or not; every request
        and every checkpoint are for the file alone."""
        self._terminal = terminal
        self._colour = colour

    def say(self, text: str) -> None:
        """A line of our own."""
        self.write(OURS, text)

    def note(self, text: str) -> None:
        """A line of our own for the file alone: the screen tells it in its own way."""
        self._to_file(OURS, text)

    def write(self, source: str, text: str) -> None:
        """A line of the process `source`. Escape sequences in it are made visible, never obeyed."""
        text = _OWN_TIME.sub("", text.rstrip("\r\n"))[:_LONGEST_LINE]
        text = _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
        self._to_file(source, text)
        if not _FOR_THE_FILE.match(text):
            self._to_terminal(source, _USUAL_LEVEL.sub("", text))

    def close(self) -> None:
        self._file.close()

    def _to_terminal(self, source: str, text: str) -> None:
        if self._terminal is None:
            return
        prefix = f"{datetime.now().astimezone():%H:%M:%S} {source:<8}|"
        if self._colour:
            prefix = f"\x1b[{_COLOURS.get(source, _WORKER_COLOUR)}m{prefix}\x1b[0m"
        try:
            self._terminal.write(f"{prefix} {text}\n")
            self._terminal.flush()
        except (OSError, ValueError):
            self._terminal = None  # it was closed; the file goes on, and so does the stack

    def _to_file(self, source: str, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = f"{now} {source:<8}| {text}\n"
        try:
            if self._size + len(line) > self._max_bytes:
                self._rotate()
            self._file.write(line)
            self._file.flush()
            self._size += len(line)
        except OSError:
            pass  # a full disk must not bring down what still works

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path.with_name(f"{self._path.name}.{number - 1}") if number > 1 else self._path
            if newer.exists():
                os.replace(newer, older)
        self._file = self._path.open("a", encoding="utf-8")
        self._size = 0
