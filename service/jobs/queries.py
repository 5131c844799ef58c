"""Reading jobs, a page or one at a time, without a query per job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.jobs.schemas import JobFilter
from service.store import attempts, events
from service.store.tables import QUEUED, Artifact, Job, JobEvent
from service.web.times import epoch_ms


def page(session: Session, wanted: JobFilter, limit: int) -> Sequence[Job]:
    """Up to `limit` jobs, newest first."""
    query = select(Job)
    if wanted.after is not None:
        query = query.where(Job.id < wanted.after)
    if wanted.state:
        query = query.where(Job.state.in_(wanted.state))
    if wanted.model is not None:
        query = query.where(Job.model_id == wanted.model)
    if wanted.dataset is not None:
        query = query.where(Job.dataset == wanted.dataset)
    if wanted.created_after is not None:
        query = query.where(Job.created_at >= epoch_ms(wanted.created_after))
    if wanted.created_before is not None:
        query = query.where(Job.created_at < epoch_ms(wanted.created_before))
    return session.scalars(query.order_by(Job.id.desc()).limit(limit)).all()


def status_events(session: Session, job_ids: Iterable[str]) -> dict[str, list[JobEvent]]:
    """Every job's changes of status, oldest first."""
    query = select(JobEvent).where(JobEvent.job_id.in_(list(job_ids)), JobEvent.type == events.STATUS)
    found: dict[str, list[JobEvent]] = defaultdict(list)
    for event in session.scalars(query.order_by(JobEvent.job_id, JobEvent.seq)):
        found[event.job_id].append(event)
    return found


def weights(session: Session, job_ids: Iterable[str]) -> dict[str, Artifact]:
    """The newest weights of each job that has some."""
    query = select(Artifact).where(Artifact.job_id.in_(list(job_ids)), Artifact.kind == attempts.KIND_WEIGHTS)
    return {row.job_id: row for row in session.scalars(query.order_by(Artifact.step, Artifact.created_at))}


def queue_positions(session: Session, jobs: Iterable[Job]) -> dict[str, int]:
    """Each queued job's place in the queue, 1 for the next."""
    wanted = [job.id for job in jobs if job.state == QUEUED]
    if not wanted:
        return {}
    place = func.row_number().over(order_by=(Job.queued_at, Job.id)).label("place")
    queue = select(Job.id, place).where(Job.state == QUEUED).subquery()
    return {row.id: row.place for row in session.execute(select(queue).where(queue.c.id.in_(wanted)))}


def head(session: Session, job_id: str) -> tuple[str, int] | None:
    """(state, number of the last event) of a job: all that a live feed asks while nothing happens."""
    row = session.execute(select(Job.state, Job.event_seq).where(Job.id == job_id)).one_or_none()
    return None if row is None else (row.state, row.event_seq)
