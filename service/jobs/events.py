"""A job's events as a list."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.jobs.operations import find
from service.jobs.schemas import Event, EventQuery
from service.store import events
from service.store.tables import JobEvent
from service.web.schemas import ResourceList
from service.web.times import rfc3339


def page(session: Session, job_id: str, wanted: EventQuery) -> ResourceList[Event]:
    """Raises JobNotFound."""
    find(session, job_id)
    rows = events.after(session, job_id, wanted.after or 0, wanted.limit + 1)
    return ResourceList[Event].of(rows, wanted.limit, _show, lambda row: str(row.seq))


def _show(row: JobEvent) -> Event:
    return Event(seq=row.seq, type=row.type, at=rfc3339(row.created_at), attempt=row.attempt, data=row.data)
