"""`python -m migrations`: bring the database of KILN_DATABASE_URL (or KILN_HOME) to the newest revision."""

from __future__ import annotations

import sys

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, OperationalError

from migrations.schema import upgrade
from service.settings import Settings, complaint


def main() -> int:
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(complaint(error))
        return 2
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        before, after = upgrade(settings.database)
    except OperationalError as error:
        sys.stderr.write(f"kiln: the database can't be reached: {str(error.orig).strip()}\n")
        return 1
    except (ArgumentError, ValueError) as error:
        sys.stderr.write(f"kiln: KILN_DATABASE_URL: {error}\n")
        return 2
    was = "" if before == after else f" (was {before or 'empty'})"
    sys.stdout.write(f"database at revision {after}{was}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
