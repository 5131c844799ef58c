"""Reading a job's artifacts. They are written by `attempts.add_artifact`, under the fence."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.tables import Artifact


def newest(session: Session, job_id: str, kind: str) -> Artifact | None:
    """The artifact of this kind with the highest step."""
    query = select(Artifact).where(Artifact.job_id == job_id, Artifact.kind == kind)
    return session.scalars(
        query.order_by(Artifact.step.desc(), Artifact.created_at.desc()).limit(1)
    ).one_or_none()
