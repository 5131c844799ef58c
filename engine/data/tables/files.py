"""Tables in text files."""

import csv
from collections.abc import Collection
from pathlib import Path

from engine.errors import CheckpointError

__all__ = ["read_csv"]


def read_csv(path: str | Path, missing: Collection[str] = ("", "?")) -> dict[str, list[str | None]]:
    """The columns of a CSV file, UTF-8, by the names in its first row; spaces around values are left out.

    missing: values that become None
    Raises CheckpointError if the file can't be read, or a row has too few or too many values.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.reader(file, skipinitialspace=True)
            names = [name.strip() for name in next(rows, [])]
            if not names or len(set(names)) != len(names):
                raise CheckpointError(f"{path} should begin with the names of its columns, all different")
            columns: list[list[str | None]] = [[] for _ in names]
            for row in rows:
                if not row:
                    continue
                if len(row) != len(names):
                    raise CheckpointError(
                        f"{path}: line {rows.line_num} has {len(row)} values, "
                        f"and there are {len(names)} columns"
                    )
                for column, value in zip(columns, row, strict=True):
                    value = value.strip()
                    column.append(None if value in missing else value)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CheckpointError(f"{path} can't be read as a table: {error}") from None
    return dict(zip(names, columns, strict=True))
