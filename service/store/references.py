"""Which blobs the rows name, and how the others go.

Equal contents are one blob, so one job may drop what another is about to name. Naming and dropping a blob
therefore happen under a lock of its own: on PostgreSQL an advisory one, on SQLite that of every write.
"""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.store.blobs import Blobs
from service.store.database import Store
from service.store.tables import Artifact, Dataset

ABANDONED_S = 3600.0  # a blob is named within seconds of being put; what is older and unnamed has no owner


def hold(session: Session, blobs: Blobs, sha256: str) -> None:
    """Keep the blob from being dropped until this transaction, which names it, has ended.

    Raises BlobMissing if it has been dropped since it was put: put it again.
    """
    _lock(session, sha256)
    blobs.path(sha256)


def drop(session: Session, blobs: Blobs, sha256: str) -> bool:
    """Delete the blob unless a row names it. Whether it went."""
    _lock(session, sha256)
    if sha256 in _named(session, sha256):
        return False
    blobs.remove(sha256)
    return True


def sweep(store: Store, older_s: float = ABANDONED_S) -> int:
    """Delete what deaths left in the blobs' folder: half-written files and blobs without a row. How many."""
    swept = store.blobs.remove_incoming(older_s)
    old = store.blobs.older(older_s)
    with store.read() as session:
        named = _named(session)
    for sha256 in old:
        if sha256 not in named:
            with store.write() as session:
                swept += drop(session, store.blobs, sha256)
    return swept


def _named(session: Session, sha256: str | None = None) -> set[str]:
    artifacts = select(Artifact.sha256).distinct()
    if sha256 is not None:
        artifacts = artifacts.where(Artifact.sha256 == sha256)
    named = set(session.scalars(artifacts))
    for splits in session.scalars(select(Dataset.splits)):
        named |= {split["sha256"] for split in (splits or {}).values()}
    return named


def _lock(session: Session, sha256: str) -> None:
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
