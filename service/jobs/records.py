"""Job rows as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy.orm import Session

from service.jobs import queries
from service.jobs.schemas import (
    Estimate,
    Job,
    JobFault,
    JobState,
    ModelReference,
    Progress,
    StatusChange,
    WeightsReference,
)
from service.store import tables
from service.store.tables import RUNNING, SUCCEEDED, Artifact, JobEvent
from service.web.times import rfc3339

FORESEEABLE_S = 10 * 365 * 86400  # a first step that took an hour says nothing about the year 9999


def show(session: Session, rows: Sequence[tables.Job], whole: bool) -> list[Job]:
    """The jobs of `rows`, in at most three queries however many they are. `whole`: with their definitions."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    history = queries.status_events(session, ids)
    weights = queries.weights(session, [row.id for row in rows if row.state == SUCCEEDED])
    positions = queries.queue_positions(session, rows)
    return [
        _job(row, history.get(row.id, []), weights.get(row.id), positions.get(row.id), whole) for row in rows
    ]


def _job(
    row: tables.Job, history: Sequence[JobEvent], weights: Artifact | None, position: int | None, whole: bool
) -> Job:
    return Job(
        id=row.id,
        name=row.name,
        state=cast(JobState, row.state),
        status_reason=row.status_reason,
        status_history=[status(event) for event in history],
        attempt=row.attempt,
        queue_position=position,
        progress=progress(row),
        estimated_finish=_estimated_finish(row),
        created_at=rfc3339(row.created_at),
        started_at=rfc3339(row.started_at),
        finished_at=rfc3339(row.finished_at),
        model=ModelReference(
            id=row.model_id, name=row.definition["model"].get("name"), sha256=row.model_sha256
        ),
        dataset=row.dataset,
        device=row.device,
        definition=row.definition if whole else None,
        estimate=Estimate(**row.estimate),
        metrics=row.metrics,
        weights=_weights(row.id, weights) if weights else None,
        error=JobFault(**row.error) if row.error else None,
    )


def status(event: JobEvent) -> StatusChange:
    return StatusChange(
        state=event.data["state"],
        at=rfc3339(event.created_at),
        reason=event.data["reason"],
        attempt=event.attempt,
    )


def progress(row: tables.Job) -> Progress:
    fraction = min(1.0, row.step / row.steps_total) if row.steps_total else 0.0
    return Progress(
        epoch=row.epoch,
        epochs=row.epochs,
        step=row.step,
        steps_total=row.steps_total,
        fraction=round(fraction, 6),
    )


def _estimated_finish(row: tables.Job) -> str | None:
    """When the job ends if it goes on as it lately went."""
    if row.state != RUNNING or not row.steps_per_second or row.progress_at is None:
        return None
    remaining_s = (row.steps_total - row.step) / row.steps_per_second
    return rfc3339(row.progress_at + int(remaining_s * 1000)) if 0 <= remaining_s < FORESEEABLE_S else None


def _weights(job_id: str, artifact: Artifact) -> WeightsReference:
    return WeightsReference(
        sha256=artifact.sha256, size_bytes=artifact.size_bytes, url=f"/v1/jobs/{job_id}/weights"
    )
