"""Which workers live, by their heartbeats."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from service.store.clock import now_ms
from service.store.tables import Worker

ALIVE_MS = 30_000
FORGOTTEN_MS = 3_600_000


def beat(session: Session, worker_id: str, version: str, concurrency: int, report: dict[str, Any]) -> None:
    """Say that the worker lives; also forgets workers that have been silent for an hour."""
    beaten = session.execute(
        update(Worker)
        .where(Worker.id == worker_id)
        .values(heartbeat_at=now_ms(), report=report)
        .returning(Worker.id)
    )
    if beaten.one_or_none() is None:
        session.execute(
            insert(Worker).values(
                id=worker_id,
                version=version,
                concurrency=concurrency,
                report=report,
                started_at=now_ms(),
                heartbeat_at=now_ms(),
            )
        )
        session.execute(delete(Worker).where(Worker.heartbeat_at < now_ms() - FORGOTTEN_MS))


def leave(session: Session, worker_id: str) -> None:
    session.execute(delete(Worker).where(Worker.id == worker_id))


def alive(session: Session) -> list[Worker]:
    query = select(Worker).where(Worker.heartbeat_at > now_ms() - ALIVE_MS).order_by(Worker.id)
    return list(session.scalars(query))
