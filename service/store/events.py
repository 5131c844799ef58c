"""A job's events. Their numbers come from `Job.event_seq`, so they appear in order and without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from service.store.clock import now_ms
from service.store.tables import JobEvent

STATUS = "status"
EPOCH = "epoch"
CHECKPOINT = "checkpoint"
WEIGHTS = "weights"


def append(session: Session, job_id: str, seq: int, type_: str, attempt: int, data: dict[str, Any]) -> None:
    """Write the event that the caller got number `seq` for by raising the job's `event_seq`."""
    session.execute(
        insert(JobEvent).values(
            job_id=job_id, seq=seq, type=type_, attempt=attempt, data=data, created_at=now_ms()
        )
    )


def append_all(
    session: Session, job_id: str, first: int, type_: str, attempt: int, data: Sequence[dict[str, Any]]
) -> None:
    """Write several events of a kind, numbered from `first`."""
    one = insert(JobEvent).values(job_id=job_id, type=type_, attempt=attempt, created_at=now_ms())
    rows = [{"seq": seq, "data": item} for seq, item in enumerate(data, first)]
    session.connection().execute(one, rows)


def append_status(
    session: Session, job_id: str, seq: int, attempt: int, state: str, reason: str | None, **more: Any
) -> None:
    append(session, job_id, seq, STATUS, attempt, {"state": state, "reason": reason, **more})


def after(session: Session, job_id: str, seq: int, limit: int, types: Sequence[str] = ()) -> list[JobEvent]:
    """At most `limit` events with a number above `seq`, in order."""
    query = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.seq > seq)
    if types:
        query = query.where(JobEvent.type.in_(types))
    return list(session.scalars(query.order_by(JobEvent.seq).limit(limit)))
