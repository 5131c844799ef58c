"""Taking, settling and releasing Idempotency-Keys.

A key is taken in a transaction of its own, so that others see it in flight, and settled in the operation's.
If the server dies in between, the key expires after IN_FLIGHT_MS and may be taken again: nothing was done.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.errors import KeyReused, RequestInFlight
from service.store.clock import now_ms
from service.store.tables import IdempotencyKey

IN_FLIGHT_MS = 60_000  # longer than any POST may take
KEPT_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Claim:
    """A request that carries a key."""

    scope: str  # method and path
    key: str
    request_sha256: str
    owner: str


@dataclass(frozen=True)
class Known:
    """An answer given before."""

    status: int
    headers: dict[str, str]
    body: str


def take(session: Session, claim: Claim) -> Known | None:
    """None: the key is this request's now. Otherwise the answer that it was given before.

    Raises KeyReused for another body, RequestInFlight while the first request is still being answered.
    """
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at < now_ms()))
    try:
        with session.begin_nested():
            session.execute(
                insert(IdempotencyKey).values(
                    scope=claim.scope,
                    key=claim.key,
                    request_sha256=claim.request_sha256,
                    owner=claim.owner,
                    created_at=now_ms(),
                    expires_at=now_ms() + IN_FLIGHT_MS,
                )
            )
        return None
    except IntegrityError:
        pass
    first = session.scalars(
        select(IdempotencyKey).where(IdempotencyKey.scope == claim.scope, IdempotencyKey.key == claim.key)
    ).one_or_none()
    if first is None or first.response_status is None or first.response_body is None:
        if first is not None and first.request_sha256 != claim.request_sha256:
            raise KeyReused()
        raise RequestInFlight(headers={"retry-after": "1"})
    if first.request_sha256 != claim.request_sha256:
        raise KeyReused()
    return Known(first.response_status, first.response_headers or {}, first.response_body)


def settle(session: Session, claim: Claim, known: Known) -> None:
    """Remember the answer. Raises RequestInFlight if the key has expired and is another request's by now."""
    settled = session.execute(
        update(IdempotencyKey)
        .where(_is(claim))
        .values(
            response_status=known.status,
            response_headers=known.headers,
            response_body=known.body,
            expires_at=now_ms() + KEPT_MS,
        )
        .returning(IdempotencyKey.key)
    )
    if settled.one_or_none() is None:
        raise RequestInFlight(headers={"retry-after": "1"})


def release(session: Session, claim: Claim) -> None:
    """Give the key back: the request was refused, so nothing stands in the way of a corrected one."""
    session.execute(delete(IdempotencyKey).where(_is(claim), IdempotencyKey.response_status.is_(None)))


def _is(claim: Claim) -> ColumnElement[bool]:
    return and_(
        IdempotencyKey.scope == claim.scope,
        IdempotencyKey.key == claim.key,
        IdempotencyKey.owner == claim.owner,
    )
