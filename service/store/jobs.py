"""A job's life outside an attempt: submitted, found, cancelled, requeued, and rung for.

queued -> starting -> running -> succeeded | failed;  cancelling -> cancelled. What an attempt may do is in
`attempts`; together these two files hold every statement that changes a job's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.orm import Session

from service.store import events
from service.store.clock import now_ms
from service.store.errors import JobFinished, UnknownJob
from service.store.ids import new_id
from service.store.tables import (
    ACTIVE,
    CANCELLED,
    CANCELLING,
    FAILED,
    QUEUED,
    RUNNING,
    STARTING,
    TERMINAL,
    Job,
    Model,
)

RING_AGAIN_MS = 15_000  # the first time; doubled with each ring
RING_AGAIN_MOST_MS = 600_000
BACKOFF_MS = 1_000  # before the second attempt; doubled with each lost one
BACKOFF_MOST_MS = 60_000


_CLAIMABLE = and_(Job.state == QUEUED, or_(Job.not_before.is_(None), Job.not_before <= now_ms()))


@dataclass(frozen=True)
class NewJob:
    """What `submit` needs; the definition is canonical and has its model inlined."""

    definition: dict[str, Any]
    model_sha256: str
    dataset: str
    device: str
    estimate: dict[str, Any]
    epochs: int
    steps_total: int
    name: str | None = None
    model_id: str | None = None


def submit(session: Session, new: NewJob) -> str:
    """Queue a job and return its id. The caller rings once the transaction has committed."""
    job_id = new_id("job")
    # the model may have been deleted since it was checked; the lock keeps it until we commit
    model = select(Model.id).where(Model.id == new.model_id).with_for_update(read=True, key_share=True)
    session.execute(
        insert(Job).values(
            id=job_id,
            name=new.name,
            state=QUEUED,
            definition=new.definition,
            model_id=session.scalar(model) if new.model_id is not None else None,
            model_sha256=new.model_sha256,
            dataset=new.dataset,
            device=new.device,
            estimate=new.estimate,
            epochs=new.epochs,
            steps_total=new.steps_total,
            event_seq=1,
            metrics={},
            created_at=now_ms(),
            queued_at=now_ms(),
            next_ring_at=now_ms() + RING_AGAIN_MS,
        )
    )
    events.append_status(session, job_id, 1, 0, QUEUED, None)
    return job_id


def get(session: Session, job_id: str) -> Job:
    """The job's row. Raises UnknownJob."""
    job = session.get(Job, job_id)
    if job is None:
        raise UnknownJob(job_id)
    return job


def request_cancel(session: Session, job_id: str) -> str:
    """Cancel a queued job at once, ask the worker of an active one to. Returns the state now in force.

    Asking twice is harmless. Raises UnknownJob, and JobFinished for a job that has ended.
    """
    # the lock: a job that is claimed or lost just now must not slip between two looks at its state
    state = session.scalar(select(Job.state).where(Job.id == job_id).with_for_update())
    if state is None:
        raise UnknownJob(job_id)
    if state in TERMINAL:
        raise JobFinished(job_id, state)
    if state == QUEUED:
        reason = "cancelled while queued"
        _change(session, job_id, Job.state == state, CANCELLED, reason, finished_at=now_ms())
        return CANCELLED
    if state in (STARTING, RUNNING):
        _change(session, job_id, Job.state == state, CANCELLING, "cancel requested")
    return CANCELLING


def requeue_expired(session: Session, max_attempts: int) -> list[str]:
    """Settle every job whose lease has run out: cancelled if that was asked for, else queued again or failed.

    Returns the ids that were settled.
    """
    expired = select(Job.id, Job.state, Job.lost_attempts).where(
        Job.state.in_(ACTIVE), Job.lease_expires_at < now_ms()
    )
    settled = []
    # in one order everywhere: two reconcilers that lock rows crosswise would deadlock
    for job_id, state, lost in session.execute(expired.order_by(Job.id).limit(100)).all():
        still = and_(Job.state == state, Job.lease_expires_at < now_ms())
        reason = "its worker was lost: the lease ran out"
        if lose_attempt(session, job_id, still, state, lost + 1, max_attempts, reason):
            settled.append(job_id)
    return settled


def lose_attempt(
    session: Session,
    job_id: str,
    still: ColumnElement[bool],
    state: str,
    lost: int,
    max_attempts: int,
    reason: str,
) -> bool:
    """Take a job away from an attempt that died, the `lost`-th so far. False if `still` no longer holds."""
    ends: dict[str, Any] = {"lease_expires_at": None, "worker_id": None, "lost_attempts": lost}
    if state == CANCELLING:
        return _change(session, job_id, still, CANCELLED, reason, finished_at=now_ms(), **ends)
    if lost >= max_attempts:
        message = f"{reason}; given up after {lost} attempts"
        error = {"code": "worker_lost", "message": message, "param": None, "category": "server"}
        return _change(session, job_id, still, FAILED, message, finished_at=now_ms(), error=error, **ends)
    delay_ms = min(BACKOFF_MS * 2 ** (lost - 1), BACKOFF_MOST_MS)
    return _change(
        session,
        job_id,
        still,
        QUEUED,
        f"{reason}; queued again",
        not_before=now_ms() + delay_ms,
        next_ring_at=now_ms() + delay_ms,
        queued_at=now_ms(),
        rings=0,
        **ends,
    )


def due_rings(session: Session, limit: int = 100) -> list[str]:
    """Queued jobs that it is time to ring for (again); each is put off for longer than the last time."""
    due = select(Job.id, Job.rings).where(_CLAIMABLE, Job.next_ring_at <= now_ms())
    ids = []
    for job_id, rings in session.execute(due.order_by(Job.id).limit(limit)).all():
        delay_ms = min(RING_AGAIN_MS * 2**rings, RING_AGAIN_MOST_MS)
        put_off = (
            update(Job)
            .where(Job.id == job_id, Job.state == QUEUED, Job.rings == rings)
            .values(rings=rings + 1, next_ring_at=now_ms() + delay_ms)
        )
        if session.execute(put_off.returning(Job.id)).one_or_none():
            ids.append(job_id)
    return ids


def claimable(session: Session, limit: int) -> list[str]:
    """The jobs that wait longest, of those whose time has come."""
    oldest_first = select(Job.id).where(_CLAIMABLE).order_by(Job.queued_at, Job.id)
    return list(session.scalars(oldest_first.limit(limit)))


def has_expired(session: Session) -> bool:
    """Whether `requeue_expired` would find anything: idle rounds then take no write lock."""
    expired = select(Job.id).where(Job.state.in_(ACTIVE), Job.lease_expires_at < now_ms())
    return session.execute(expired.limit(1)).first() is not None


def has_due_rings(session: Session) -> bool:
    """Whether `due_rings` would find anything."""
    due = select(Job.id).where(_CLAIMABLE, Job.next_ring_at <= now_ms())
    return session.execute(due.limit(1)).first() is not None


def _change(
    session: Session, job_id: str, still: ColumnElement[bool], state: str, reason: str | None, **values: Any
) -> bool:
    """Move a job to `state` if `still` holds for it, with the status event. The one place that does so."""
    changed = session.execute(
        update(Job)
        .where(Job.id == job_id, still)
        .values(state=state, status_reason=reason, event_seq=Job.event_seq + 1, **values)
        .returning(Job.event_seq, Job.attempt)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is None:
        return False
    events.append_status(session, job_id, changed.event_seq, changed.attempt, state, reason)
    return True
