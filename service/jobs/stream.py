"""A job's live feed: server-sent events, numbered by the database, resumable at any number.

Between two looks nothing is held: no session, no connection, no thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread
from pydantic_core import to_json
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service.jobs import queries, records
from service.store import Store, curves, events, jobs
from service.store.tables import TERMINAL
from service.web.context import Context
from service.web.times import rfc3339

TICK_S = 0.25  # between two looks at the database
# after a change of status more is soon to come, up to the first step's points, and somebody waits for it
EAGER_TICK_S = 0.05
EAGER_S = 2.0
HEARTBEAT_S = 15.0  # a comment, so that neither side takes the other for dead
BATCH = 500  # numbers that one look reads at most
RECONNECT_MS = 1000


@dataclass
class Look:
    """What one look at the database found."""

    messages: list[str] = field(default_factory=list)
    last: int = 0  # the number up to which everything has been told
    is_behind: bool = False  # more is there already
    is_status: bool = False  # a change of status is among it
    is_over: bool = False  # the terminal event has been told


async def feed(context: Context, job_id: str, last: int) -> AsyncIterator[str]:
    """Everything behind the number `last`, as it happens, until the job has ended or the server goes down."""
    yield f"retry: {RECONNECT_MS}\n\n"
    spoken = time.monotonic()
    eager_until = spoken + EAGER_S
    while not context.closing.is_set():
        try:
            look = await to_thread.run_sync(look_behind, context.store, job_id, last)
        except (OperationalError, InterfaceError, PoolTimeout):
            look = Look(last=last)  # busy: the next look will tell
        last = look.last
        if look.messages:
            yield "".join(look.messages)
            spoken = time.monotonic()
        if look.is_status:
            eager_until = spoken + EAGER_S
        if look.is_over:
            return
        if time.monotonic() - spoken > HEARTBEAT_S:
            yield ": still here\n\n"
            spoken = time.monotonic()
        if not look.is_behind:
            is_eager = time.monotonic() < eager_until
            await _pause(context.closing, EAGER_TICK_S if is_eager else TICK_S)


async def _pause(closing: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return


def look_behind(store: Store, job_id: str, last: int) -> Look:
    """What has happened to a job since the number `last`."""
    with store.read() as session:
        found = queries.head(session, job_id)
        if found is None:
            return Look(last=last, is_over=True)
        state, newest = found
        last = min(last, newest)  # a number that was never given must not hide what comes
        upto = min(last + BATCH, newest)
        told: list[tuple[int, str]] = []
        is_status = False
        if upto > last:
            job = jobs.get(session, job_id)
            progress = records.progress(job).model_dump()
            for event in events.after(session, job_id, last, BATCH):
                data = {**event.data, "at": rfc3339(event.created_at), "attempt": event.attempt}
                told.append((event.seq, _message(event.type, event.seq, data)))
                is_status = is_status or event.type == events.STATUS
            chunks: dict[int, list[Any]] = {}
            attempts: dict[int, int] = {}
            for seq, attempt, column in curves.after(session, job_id, last, BATCH):
                chunks.setdefault(seq, []).append(_column(column))
                attempts[seq] = attempt
            for seq, columns in chunks.items():
                data = {"columns": columns, "progress": progress, "attempt": attempts[seq]}
                told.append((seq, _message("metrics", seq, data)))
        messages = [text for seq, text in sorted(told) if seq <= upto]
        is_over = state in TERMINAL and upto >= newest
        if is_over:
            job = jobs.get(session, job_id)
            ended = {"state": state, "reason": job.status_reason, "error": job.error, "metrics": job.metrics}
            # one above the last number that the job will ever have: a client can tell it from that one
            messages.append(_message("done", newest + 1, ended))
    return Look(messages, max(last, upto), upto < newest, is_status, is_over)


def _column(column: curves.Column) -> dict[str, Any]:
    return {
        "key": column.key,
        "steps": column.steps.tolist(),
        "values": column.values.tolist(),
        "epochs": column.epochs.tolist(),
    }


def _message(kind: str, seq: int, data: dict[str, Any]) -> str:
    text = to_json(data, inf_nan_mode="null").decode()  # one line: JSON escapes line breaks
    return f"event: {kind}\nid: {seq}\ndata: {text}\n\n"
