"""What one attempt at a job may do. Every write carries the attempt's number and fails if it is not current.

A worker claims by one conditional UPDATE that raises `attempt`; that number is the fencing token. Here, and
in `jobs`, stands every statement that changes a job's state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from service.store import curves, events, jobs
from service.store.blobs import Blob
from service.store.clock import now_ms
from service.store.errors import StaleAttempt
from service.store.ids import new_id
from service.store.tables import ACTIVE, CANCELLED, CANCELLING, QUEUED, RUNNING, STARTING, Artifact, Job

KIND_WEIGHTS = "weights"
KIND_CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class Attempt:
    """The fencing token."""

    job_id: str
    number: int


@dataclass(frozen=True)
class Claim:
    """A claimed job: what to train, and where the last attempt's newest checkpoint lies."""

    attempt: Attempt
    definition: dict[str, Any]
    dataset: str
    checkpoint_sha256: str | None
    checkpoint_step: int


@dataclass(frozen=True)
class Progress:
    epoch: int
    step: int
    steps_per_second: float | None


def claim(session: Session, job_id: str, worker_id: str, lease_s: float) -> Claim | None:
    """Take a queued job whose time has come. None if it is not there to take, which is no error.

    Points that an earlier attempt recorded beyond the checkpoint that this one continues from are dropped.
    """
    row = session.execute(
        update(Job)
        .where(
            Job.id == job_id,
            Job.state == QUEUED,
            or_(Job.not_before.is_(None), Job.not_before <= now_ms()),
        )
        .values(
            state=STARTING,
            status_reason=None,
            attempt=Job.attempt + 1,
            worker_id=worker_id,
            lease_expires_at=now_ms() + int(lease_s * 1000),
            not_before=None,
            next_ring_at=None,
            event_seq=Job.event_seq + 1,
            writes=0,
        )
        .returning(Job.attempt, Job.event_seq, Job.definition, Job.dataset, Job.epochs, Job.steps_total)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    newest = session.execute(
        select(Artifact.sha256, Artifact.step)
        .where(Artifact.job_id == job_id, Artifact.kind == KIND_CHECKPOINT)
        .order_by(Artifact.step.desc(), Artifact.created_at.desc(), Artifact.id.desc())
        .limit(1)
    ).one_or_none()
    sha256, step = newest if newest else (None, 0)
    curves.rewind(session, job_id, step)
    epoch = -(-step * row.epochs // row.steps_total)  # the one under way at that step, from 1
    metrics = Job.metrics if step else {}
    session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(step=step, epoch=epoch, metrics=metrics, steps_per_second=None)
        .execution_options(synchronize_session=False)
    )
    events.append_status(
        session, job_id, row.event_seq, row.attempt, STARTING, None, worker=worker_id, from_step=step
    )
    return Claim(Attempt(job_id, row.attempt), row.definition, row.dataset, sha256, step)


def begin(session: Session, attempt: Attempt) -> str:
    """The runner has its data and starts to train: starting -> running. Returns the state in force."""
    row = _fence(session, attempt)
    if row.state != STARTING:
        return str(row.state)
    seq = _fence(
        session, attempt, events=1, state=RUNNING, started_at=func.coalesce(Job.started_at, now_ms())
    ).event_seq
    events.append_status(session, attempt.job_id, seq, attempt.number, RUNNING, None)
    return RUNNING


def renew(session: Session, attempt: Attempt, lease_s: float) -> str:
    """Extend the lease from now. Returns the state in force, which tells of a cancel request."""
    return str(_fence(session, attempt, lease_expires_at=now_ms() + int(lease_s * 1000)).state)


def record(
    session: Session, attempt: Attempt, columns: Sequence[curves.Column], progress: Progress, lease_s: float
) -> str:
    """Store points and progress, and extend the lease. Returns the state in force."""
    row = _fence(
        session,
        attempt,
        events=1,
        epoch=progress.epoch,
        step=progress.step,
        steps_per_second=progress.steps_per_second,
        progress_at=now_ms(),
        lease_expires_at=now_ms() + int(lease_s * 1000),
    )
    curves.append(session, attempt.job_id, row.event_seq, attempt.number, columns)
    return str(row.state)


def record_epochs(
    session: Session, attempt: Attempt, summaries: Sequence[tuple[int, dict[str, float | None]]]
) -> None:
    """Store the summaries of some epochs as events, and the last as the job's latest metrics."""
    row = _fence(session, attempt, events=len(summaries), metrics=summaries[-1][1])
    first = row.event_seq - len(summaries) + 1
    data = [{"epoch": epoch, "metrics": metrics} for epoch, metrics in summaries]
    events.append_all(session, attempt.job_id, first, events.EPOCH, attempt.number, data)


def add_artifact(session: Session, attempt: Attempt, kind: str, step: int, blob: Blob) -> str:
    """Make a blob that is already in place the job's, by a row. Returns the artifact's id.

    `references.hold` it first, in the same transaction.
    """
    row = _fence(session, attempt, events=1)
    artifact_id = new_id("art")
    session.execute(
        insert(Artifact).values(
            id=artifact_id,
            job_id=attempt.job_id,
            kind=kind,
            attempt=attempt.number,
            step=step,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            created_at=now_ms(),
        )
    )
    data = {"id": artifact_id, "step": step, "sha256": blob.sha256, "size_bytes": blob.size_bytes}
    events.append(session, attempt.job_id, row.event_seq, kind, attempt.number, data)
    return artifact_id


def add_checkpoint(session: Session, attempt: Attempt, step: int, blob: Blob, keep: int) -> list[str]:
    """Add a checkpoint and forget all but the `keep` newest. Returns the blobs that the job no longer names.

    Those go after the commit (`references.drop`): a commit that fails must find its old checkpoints in place.
    What the job has done is now safe, so the attempts lost before no longer count.
    """
    add_artifact(session, attempt, KIND_CHECKPOINT, step, blob)
    _fence(session, attempt, lost_attempts=0)
    mine = (Artifact.job_id == attempt.job_id, Artifact.kind == KIND_CHECKPOINT)
    newest_first = select(Artifact.id, Artifact.sha256).where(*mine)
    newest_first = newest_first.order_by(Artifact.step.desc(), Artifact.created_at.desc(), Artifact.id.desc())
    old = session.execute(newest_first.offset(keep)).all()
    session.execute(delete(Artifact).where(Artifact.id.in_([row.id for row in old])))
    return [row.sha256 for row in old]


def finish(
    session: Session,
    attempt: Attempt,
    state: str,
    reason: str | None = None,
    error: dict[str, Any] | None = None,
) -> None:
    """End the job: succeeded, failed or cancelled."""
    row = _fence(
        session,
        attempt,
        events=1,
        state=state,
        status_reason=reason,
        error=error,
        finished_at=now_ms(),
        lease_expires_at=None,
        worker_id=None,
    )
    events.append_status(session, attempt.job_id, row.event_seq, attempt.number, state, reason)


def release(session: Session, attempt: Attempt, reason: str) -> str:
    """Give the job back unharmed (its worker shuts down): queued again, or cancelled if that was asked."""
    ends: dict[str, Any] = {"lease_expires_at": None, "worker_id": None, "status_reason": reason}
    if _fence(session, attempt).state == CANCELLING:
        finish(session, attempt, CANCELLED, reason)
        return CANCELLED
    row = _fence(
        session, attempt, events=1, state=QUEUED, queued_at=now_ms(), next_ring_at=now_ms(), rings=0, **ends
    )
    events.append_status(session, attempt.job_id, row.event_seq, attempt.number, QUEUED, reason)
    return QUEUED


def lose(session: Session, attempt: Attempt, reason: str, max_attempts: int) -> None:
    """The runner died without a word: count it, and queue the job again with backoff or fail it."""
    row = _fence(session, attempt)  # and holds the row: a cancel request comes before or after, not between
    still = and_(Job.attempt == attempt.number, Job.state == row.state)
    jobs.lose_attempt(session, attempt.job_id, still, row.state, row.lost_attempts + 1, max_attempts, reason)


def state(session: Session, attempt: Attempt) -> str:
    """The state in force. Raises StaleAttempt."""
    found = session.scalar(select(Job.state).where(*_current(attempt)))
    if found is None:
        raise StaleAttempt(attempt.job_id, attempt.number)
    return found


def number_write(session: Session, attempt: Attempt, number: int) -> None:
    """Say, first in a transaction, which of the attempt's writes it is; they are counted from 1."""
    _fence(session, attempt, writes=number)


def has_written(session: Session, attempt: Attempt, number: int) -> bool:
    """Whether that write was committed after all: the answer to a COMMIT can be lost with its connection."""
    mine = (Job.id == attempt.job_id, Job.attempt == attempt.number)
    return session.scalar(select(Job.id).where(*mine, Job.writes >= number)) is not None


def _fence(session: Session, attempt: Attempt, *, events: int = 0, **values: Any) -> Any:
    """Update the job's row if the attempt is still current; raise StaleAttempt otherwise. The one fence.

    `events` numbers are drawn for what the caller is going to append; event_seq is the last of them.
    """
    row = session.execute(
        update(Job)
        .where(*_current(attempt))
        .values(event_seq=Job.event_seq + events, **values)
        .returning(Job.state, Job.event_seq, Job.lost_attempts)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise StaleAttempt(attempt.job_id, attempt.number)
    return row


def _current(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    return Job.id == attempt.job_id, Job.attempt == attempt.number, Job.state.in_(ACTIVE)
