"""Reading datasets."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.tables import Dataset


def page(session: Session, after: str | None, limit: int) -> Sequence[Dataset]:
    """Up to `limit` datasets by name."""
    query = select(Dataset)
    if after is not None:
        query = query.where(Dataset.name > after)
    return session.scalars(query.order_by(Dataset.name).limit(limit)).all()
