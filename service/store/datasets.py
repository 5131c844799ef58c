"""Datasets' rows. A worker prepares a dataset under a lease; everybody else reads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from service.store.clock import now_ms
from service.store.tables import Dataset

PREPARING = "preparing"
READY = "ready"
UNAVAILABLE = "unavailable"
BUILTIN = {
    "mnist": "MNIST: 70,000 handwritten digits, 28 x 28 pixels",
    "digits": "scikit-learn's digits: 1,797 handwritten digits, 8 x 8 pixels",
}


def ensure_builtin(session: Session) -> None:
    """Give every built-in dataset a row, so that it can be seen before a worker has prepared it."""
    known = set(session.scalars(select(Dataset.name)))
    for name, title in BUILTIN.items():
        if name not in known:
            session.execute(
                insert(Dataset).values(
                    name=name,
                    source="builtin",
                    title=title,
                    state=PREPARING,
                    created_at=now_ms(),
                    updated_at=now_ms(),
                )
            )


def get(session: Session, name: str) -> Dataset | None:
    return session.get(Dataset, name)


def claim(session: Session, name: str, lease_s: float) -> bool:
    """Take on the preparing of a dataset. False if it is ready or another worker prepares it."""
    taken = session.execute(
        update(Dataset)
        .where(
            Dataset.name == name,
            Dataset.state != READY,
            or_(Dataset.lease_expires_at.is_(None), Dataset.lease_expires_at < now_ms()),
        )
        .values(
            state=PREPARING,
            message=None,
            lease_expires_at=now_ms() + int(lease_s * 1000),
            updated_at=now_ms(),
        )
        .returning(Dataset.name)
        .execution_options(synchronize_session=False)
    )
    return taken.one_or_none() is not None


def make_ready(
    session: Session,
    name: str,
    schema: dict[str, Any],
    splits: dict[str, Any],
    preview: dict[str, Any],
    message: str,
) -> None:
    _settle(session, name, state=READY, schema=schema, splits=splits, preview=preview, message=message)


def make_unavailable(session: Session, name: str, message: str) -> None:
    _settle(session, name, state=UNAVAILABLE, message=message)


def _settle(session: Session, name: str, **values: Any) -> None:
    session.execute(
        update(Dataset)
        .where(Dataset.name == name, Dataset.state != READY)
        .values(lease_expires_at=None, updated_at=now_ms(), **values)
        .execution_options(synchronize_session=False)
    )
