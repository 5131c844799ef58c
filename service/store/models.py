"""Stored model definitions, versioned by content."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.store.clock import now_ms
from service.store.ids import new_id
from service.store.tables import Model


def add(
    session: Session, name: str, sha256: str, definition: dict[str, Any], report: dict[str, Any]
) -> tuple[Model, bool]:
    """The row of this content, and whether it is new. A new row is the next version of its name."""
    while True:
        known = session.scalars(select(Model).where(Model.sha256 == sha256)).one_or_none()
        if known is not None:
            return known, False
        version = 1 + (session.scalar(select(func.max(Model.version)).where(Model.name == name)) or 0)
        model_id = new_id("mdl")
        row = insert(Model).values(
            id=model_id,
            name=name,
            version=version,
            sha256=sha256,
            definition=definition,
            report=report,
            created_at=now_ms(),
        )
        try:
            with session.begin_nested():
                session.execute(row)
        except IntegrityError:
            continue  # another request has just taken this content, or this version of the name: look again
        return session.get_one(Model, model_id), True


def get(session: Session, model_id: str) -> Model | None:
    return session.get(Model, model_id)


def remove(session: Session, model_id: str) -> bool:
    """Delete the row; jobs that used it keep their copy of the definition. False if there was none."""
    removed = session.execute(delete(Model).where(Model.id == model_id).returning(Model.id))
    return removed.one_or_none() is not None
