"""Datasets' rows. A worker prepares a dataset under a lease; everybody else reads."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.orm import Session

from service.store.clock import now_ms
from service.store.tables import Dataset

PREPARING = "preparing"
READY = "ready"
UNAVAILABLE = "unavailable"
TRY_AGAIN_MS = 600_000  # a dataset that was unavailable: the network, or the user's files, may be there now
BUILTIN = {
    "mnist": "MNIST: 70,000 handwritten digits, 28 x 28 pixels",
    "digits": "scikit-learn's digits: 1,797 handwritten digits, 8 x 8 pixels",
}


_FREE = or_(Dataset.lease_expires_at.is_(None), Dataset.lease_expires_at < now_ms())


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


def due(session: Session) -> list[str]:
    """The datasets that a worker should prepare: nobody is at it, and it is not in vain as far as we know."""
    waiting = or_(
        Dataset.state == PREPARING,
        and_(Dataset.state == UNAVAILABLE, Dataset.updated_at < now_ms() - TRY_AGAIN_MS),
    )
    return list(session.scalars(select(Dataset.name).where(waiting, _FREE).order_by(Dataset.name)))


def claim(session: Session, name: str, lease_s: float) -> bool:
    """Take on the preparing of a dataset. False if it is ready or another worker prepares it."""
    taken = session.execute(
        update(Dataset)
        .where(Dataset.name == name, Dataset.state != READY, _FREE)
        .values(
            state=PREPARING,
            lease_expires_at=now_ms() + int(lease_s * 1000),
            updated_at=now_ms(),
        )
        .returning(Dataset.name)
        .execution_options(synchronize_session=False)
    )
    return taken.one_or_none() is not None


def renew(session: Session, name: str, lease_s: float) -> None:
    _settle(session, name, lease_expires_at=now_ms() + int(lease_s * 1000))


def release(session: Session, name: str) -> None:
    """Leave the dataset to the next worker: this one shuts down."""
    _settle(session, name, lease_expires_at=None)


def make_ready(
    session: Session,
    name: str,
    schema: dict[str, Any],
    splits: dict[str, Any],
    preview: dict[str, Any],
    message: str,
) -> None:
    _settle(
        session,
        name,
        state=READY,
        schema=schema,
        splits=splits,
        preview=preview,
        message=message,
        lease_expires_at=None,
    )


def make_unavailable(session: Session, name: str, message: str) -> None:
    _settle(session, name, state=UNAVAILABLE, message=message, lease_expires_at=None)


def _settle(session: Session, name: str, **values: Any) -> None:
    session.execute(
        update(Dataset)
        .where(Dataset.name == name, Dataset.state != READY)
        .values(updated_at=now_ms(), **values)
        .execution_options(synchronize_session=False)
    )
