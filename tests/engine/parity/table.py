"""The checked-in tables: for every entry of PyTorch's own test data, whether the engine passes it.

op_db.txt, module_db.txt and optim_db.txt are of ops, modules and optimizers.

A line is `name: passes`, `name: passes (float32 within 1e-4: why)` or `name: unsupported: why`; an entry
with a variant is named `name/variant`. `(takes what)` at the end of a line says what the engine computes
where PyTorch raises an error.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("op_db.txt")
MODULES = PATH.with_name("module_db.txt")
OPTIMIZERS = PATH.with_name("optim_db.txt")
TOLERANCE32 = 1e-5
# a reason: random or uninitialised memory, so passing or not is chance
ARBITRARY = "the values are arbitrary, so there is nothing to compare"
_LINE = re.compile(
    r"(\S+): (?:passes(?: \(float32 within (\S+): (.+?)\))?(?: \(takes (.+)\))?|unsupported: (.+))"
)


@dataclass(frozen=True)
class Row:
    """What a table says of one entry; `reason` is None where it passes, `why` excuses its tolerance.

    takes: what it computes where PyTorch raises an error
    """

    entry: str
    reason: str | None = None
    tolerance32: float = TOLERANCE32
    why: str = ""
    takes: str = ""

    @property
    def name(self) -> str:
        """The op's name, which the variants share."""
        return self.entry.split("/")[0]


def read(path: Path = PATH) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        found = _LINE.fullmatch(line)
        assert found, f"{path.name}: {line!r} is no row"
        entry, within, why, takes, reason = found.groups()
        assert entry not in rows, f"{path.name}: {entry} has two rows"
        rows[entry] = Row(entry, reason, float(within or TOLERANCE32), why or "", takes or "")
    return rows


def write(rows: Mapping[str, Row], path: Path = PATH) -> None:
    path.write_text("".join(f"{_line(row)}\n" for _, row in sorted(rows.items())))


def _line(row: Row) -> str:
    if row.reason is not None:
        return f"{row.entry}: unsupported: {row.reason}"
    takes = f" (takes {row.takes})" if row.takes else ""
    if row.tolerance32 == TOLERANCE32:
        return f"{row.entry}: passes{takes}"
    within = f"{row.tolerance32:.0e}".replace("e-0", "e-")
    return f"{row.entry}: passes (float32 within {within}: {row.why}){takes}"


def retry(path: Path, entries: Iterable[str], compare: Callable[[str, Row], Any], names: set[str]) -> None:
    """Try the entries with these names (all of them without names), and write into the table what is so.

    A row's own tolerance stays, and the reason why there is no such thing.
    """
    before = read(path)
    tried: dict[str, Row] = {}
    for entry in entries:
        row = before.get(entry) or Row(entry)
        if names and row.name not in names and entry in before:
            continue
        try:
            compare(entry, row)
            tried[entry] = replace(row, reason=None)
        except Exception as error:  # whatever it is: it is the reason
            if row.reason is not None and str(error).startswith("no such"):
                continue  # somebody has written down why
            text = f"{type(error).__name__}: {' '.join(str(error).split())}"[:100].rstrip()
            tried[entry] = replace(row, reason=text)
    # read again: somebody may have tried other names meanwhile
    rows = read(path) | tried
    write(rows, path)
    print(path.name, sum(row.reason is None for row in rows.values()), "of", len(rows), "pass")


def label(info) -> str:
    """How the table calls an OpInfo."""
    variant: str = info.variant_test_name
    return f"{info.name}/{variant}" if variant else info.name
