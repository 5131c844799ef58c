"""The checked-in table: for every entry of PyTorch's op_db, whether the engine passes it.

A line is `name: passes`, `name: passes (float32 within 1e-4: why)` or `name: unsupported: why`; an entry
with a variant is named `name/variant`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).with_name("op_db.txt")
TOLERANCE32 = 1e-5
# a reason: random or uninitialised memory, so passing or not is chance
ARBITRARY = "the values are arbitrary, so there is nothing to compare"
_LINE = re.compile(r"(\S+): (?:passes(?: \(float32 within (\S+): .+\))?|unsupported: (.+))")


@dataclass(frozen=True)
class Row:
    """What the table says of one entry; `reason` is None where it passes."""

    entry: str
    reason: str | None = None
    tolerance32: float = TOLERANCE32

    @property
    def name(self) -> str:
        """The op's name, which the variants share."""
        return self.entry.split("/")[0]


def read() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for line in PATH.read_text().splitlines():
        found = _LINE.fullmatch(line)
        assert found, f"{PATH.name}: {line!r} is no row"
        entry, within, reason = found.groups()
        assert entry not in rows, f"{PATH.name}: {entry} has two rows"
        rows[entry] = Row(entry, reason, float(within or TOLERANCE32))
    return rows


def label(info) -> str:
    """How the table calls an OpInfo."""
    variant: str = info.variant_test_name
    return f"{info.name}/{variant}" if variant else info.name
