"""What `kiln` writes: data on stdout, everything for people's eyes on stderr."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

STATE_STYLES = {
    "queued": "yellow",
    "starting": "yellow",
    "running": "cyan",
    "cancelling": "yellow",
    "succeeded": "green",
    "failed": "bold red",
    "cancelled": "magenta",
}


def screen() -> Console:
    """The console of progress and complaints: stderr. Knows whether it is a terminal, and NO_COLOR."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def data(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def data_json(value: Any) -> None:
    """The result as JSON on one line."""
    data(json.dumps(value, ensure_ascii=False))


def complain(text: str, hint: str = "") -> None:
    console = screen()
    console.print(Text.assemble(("kiln: ", "bold red"), text))
    if hint:
        console.print(Text(f"      {hint}", "dim"))


def table(heads: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Aligned columns on stdout, never cut off: a pipe gets the same text as a terminal, less the colours."""
    console = Console(highlight=False, soft_wrap=True)
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [max([len(head), *(row[column].cell_len for row in texts)]) for column, head in enumerate(heads)]
    for row in [[Text(head, "bold") for head in heads], *texts]:
        line = Text()
        for cell, width in zip(row, widths, strict=True):
            line.append_text(cell)
            line.append(" " * (width - cell.cell_len + 2))
        line.rstrip()
        console.print(line)


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3:07`, `2:03:07`"""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ago(moment: datetime | None) -> str:
    if moment is None:
        return ""
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def size(count: float) -> str:
    """Bytes for people: `4.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
