"""Upgrading, downgrading and comparing a database's schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text

from service.store.database import connect
from service.store.tables import Base

_FOLDER = Path(__file__).parent
_LOCK = 7_214_550_821  # any number that nobody else uses as a PostgreSQL advisory lock


def upgrade(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """Migrate up. Returns the revision before and after. Two at once wait for each other."""
    return _run(url, command.upgrade, revision)


def downgrade(url: str, revision: str = "base") -> tuple[str | None, str | None]:
    """Migrate down."""
    return _run(url, command.downgrade, revision)


def differences(url: str) -> list[Any]:
    """How the database differs from `service.store.tables`: empty when the migrations are complete."""
    with _exclusively(url) as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, Base.metadata))


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option(
        "file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    config.attributes["connection"] = connection
    return config


def _run(url: str, action: Any, revision: str) -> tuple[str | None, str | None]:
    with _exclusively(url) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        action(alembic_config(connection), revision)
        return before, MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _exclusively(url: str) -> Iterator[Connection]:
    engine = connect(url)
    # SQLite alters a table by copying and dropping it; with foreign keys on, the drop empties its children.
    # The pragma does nothing inside a transaction, so it comes with the connection.
    event.listen(engine, "connect", _forget_foreign_keys)
    try:
        # SQLite: BEGIN IMMEDIATE holds off other writers, this function among them
        with engine.execution_options(kiln_write=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection
            if connection.dialect.name == "sqlite":
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"the migration breaks {len(broken)} foreign keys, as in {broken[0]}")
    finally:
        engine.dispose()


def _forget_foreign_keys(connection: Any, record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA foreign_keys=OFF")
