"""Time, as the database tells it: whole milliseconds since 1970, UTC.

Leases are compared and extended by this clock alone: machines whose clocks differ agree on who holds a job.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement


class now_ms(ColumnElement[int]):
    """The database's present time as an SQL expression, in epoch milliseconds."""

    inherit_cache = True
    type = BigInteger()


@compiles(now_ms, "sqlite")
def _sqlite(element: now_ms, compiler: Any, **kw: Any) -> str:
    # 2440587.5 is the Julian day of 1970-01-01T00:00Z
    return "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"


@compiles(now_ms, "postgresql")
def _postgresql(element: now_ms, compiler: Any, **kw: Any) -> str:
    # clock_timestamp(), not now(): the latter stands still at the transaction's start
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
