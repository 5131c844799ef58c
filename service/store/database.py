"""The connection to the database, and the two ways to use it: `read()` and `write()`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from service.settings import Settings
from service.store.blobs import Blobs

BUSY_TIMEOUT_S = 10  # how long a writer waits for another writer before it gives up
# what may be well a moment later: locked, restarting, out of reach, no connection free
NOT_NOW = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)


class Store:
    """The database and the blobs of one process. Thread-safe; every session is short."""

    def __init__(self, engine: Engine, blobs: Blobs) -> None:
        self.engine = engine
        self.blobs = blobs
        self._writer = engine.execution_options(kiln_write=True)

    @classmethod
    def open(cls, settings: Settings) -> Store:
        settings.home.mkdir(parents=True, exist_ok=True)
        return cls(connect(settings.database), Blobs(settings.blobs_dir))

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database (SQLite) and keeps nothing that is written in it."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction commits when the block ends well and rolls back when it raises.

        On SQLite it takes the write lock at its start, so what it reads stays true until it writes.
        """
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session


def connect(url: str) -> Engine:
    """An engine for an SQLite or PostgreSQL URL, with the settings that the store relies on."""
    dialect = make_url(url).get_backend_name()
    if dialect == "sqlite":
        return _connect_sqlite(url)
    if dialect == "postgresql":
        return create_engine(
            url,
            pool_size=8,
            max_overflow=32,
            pool_pre_ping=True,
            pool_timeout=BUSY_TIMEOUT_S,
            connect_args={"connect_timeout": 5, "options": "-c lock_timeout=10s -c statement_timeout=30s"},
        )
    raise ValueError(f"KILN_DATABASE_URL names {dialect!r}; expected sqlite:///… or postgresql+psycopg://…")


def _connect_sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=32,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        _use_wal(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("kiln_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to WAL if it is not. SQLite's busy timeout does not cover this switch, so we wait."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
