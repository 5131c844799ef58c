"""Reading stored models."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.tables import Model


def page(session: Session, after: str | None, limit: int, name: str | None) -> Sequence[Model]:
    """Up to `limit` models, newest first."""
    query = select(Model)
    if after is not None:
        query = query.where(Model.id < after)
    if name is not None:
        query = query.where(Model.name == name)
    return session.scalars(query.order_by(Model.id.desc()).limit(limit)).all()
