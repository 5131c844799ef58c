"""The edge of a POST: where its transaction commits, its answer is remembered, and its doorbells ring.

The order is what matters: check (a read), write and remember the answer (one transaction), answer, ring. This
happens in the open, in one place, rather than with a dependency that yields a session: FastAPI runs the exit
code of such a dependency after the response has gone unless it is declared with scope="function", so a commit
that fails would have been answered with 201.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from anyio import to_thread
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from service.idempotency import queries as keys
from service.store.ids import new_id
from service.web.context import Context, InContext

T = TypeVar("T")
log = logging.getLogger("service")


@dataclass(frozen=True)
class Answer:
    """What a POST answers, and whom to ring for once that is committed."""

    body: BaseModel
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    rings: Sequence[tuple[str, str]] = ()  # (task, name)


@dataclass(frozen=True)
class Edge:
    """One POST's way in and out."""

    context: Context
    claim: keys.Claim | None  # where an Idempotency-Key came with it

    def post(self, check: Callable[[Session], T], write: Callable[[Session, T], Answer]) -> Response:
        """Run `check` with a reading session, then `write` in the transaction that records the answer."""
        if self.claim is None:
            return self._run(check, write)
        with self.context.store.write() as session:
            known = keys.take(session, self.claim)
        if known is not None:
            return Response(known.body, known.status, {**known.headers, "idempotent-replayed": "true"})
        try:
            return self._run(check, write)
        except BaseException:
            self._release(self.claim)
            raise

    def _run(self, check: Callable[[Session], T], write: Callable[[Session, T], Answer]) -> Response:
        with self.context.store.read() as session:
            checked = check(session)
        with self.context.store.write() as session:
            answer = write(session, checked)
            body = answer.body.model_dump_json()
            headers = {"content-type": "application/json", **answer.headers}
            if self.claim is not None:
                keys.settle(session, self.claim, keys.Known(answer.status, headers, body))
        ring = BackgroundTask(_ring, self.context, answer.rings) if answer.rings else None
        return Response(body, answer.status, headers, background=ring)

    def _release(self, claim: keys.Claim) -> None:
        try:
            with self.context.store.write() as session:
                keys.release(session, claim)
        except SQLAlchemyError as error:
            log.warning("an Idempotency-Key stays taken until it expires: %s", type(error).__name__)


async def _ring(context: Context, rings: Sequence[tuple[str, str]]) -> None:
    """The rows are committed: a broker that is down costs time until the reconciler rings, nothing else.

    A ring that fails takes seconds, so rings have threads of their own: requests never wait for them.
    """
    for task, name in rings:
        try:
            await to_thread.run_sync(context.doorbell.ring, task, name, limiter=context.ringers)
        except Exception:
            log.exception("ringing for %s failed; the reconciler will ring again", name)


async def _edge(
    request: Request,
    context: InContext,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x20-\x7e]+$",
            description="Makes a retry safe: for 24 hours, the same key and body get the first answer again.",
            examples=["9f0f5f0e-3c1b-4a57-9d5c-0f4b8c8a1d11"],
        ),
    ] = None,
) -> Edge:
    if idempotency_key is None:
        return Edge(context, None)
    document = json.dumps(request.scope.get("kiln.document"), sort_keys=True).encode()
    claim = keys.Claim(
        scope=f"{request.method} {request.scope['path']}",
        key=idempotency_key,
        request_sha256=hashlib.sha256(document).hexdigest(),
        owner=new_id("req"),
    )
    return Edge(context, claim)


AtEdge = Annotated[Edge, Depends(_edge)]
