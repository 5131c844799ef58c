"""The live feed of a job: server-sent events, followed across broken lines until the job ends."""

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from httpx_sse import EventSource

from tensorkiln.errors import APIError, ConnectionFailed, KilnError
from tensorkiln.retry import Patience
from tensorkiln.transport import Transport

# The service sends a comment every 15 s at the latest: three missed ones mean a dead line.
_SILENCE_S = 45.0


@dataclass(frozen=True)
class Event:
    """One entry of a job's history.

    type: `status` (data: state, reason), `metrics` (data: columns, progress), `epoch` (data: epoch, metrics),
          `done` (the job has ended; data: state, reason, error, metrics), or another that the service adds
    seq: its place in the service's order; `follow(after=seq)` goes on behind it
    """

    type: str
    seq: int
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    attempt: int | None = None

    @classmethod
    def parse(cls, sent: dict[str, Any]) -> "Event":
        at = sent.get("at")
        return cls(
            type=str(sent["type"]),
            seq=int(sent["seq"]),
            data=dict(sent.get("data") or {}),
            at=datetime.fromisoformat(at) if isinstance(at, str) else None,
            attempt=sent.get("attempt"),
        )


def follow(transport: Transport, path: str, after: int | None) -> Iterator[Event]:
    """Every event behind `after` up to and including `done`, each once.

    A broken line is opened again with Last-Event-ID, up to the retry policy's number of failures
    in a row; then the fault is raised.
    """
    last = after
    patience = Patience(transport.retry)
    while True:
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        try:
            timeout = httpx.Timeout(_SILENCE_S, connect=5.0)
            with (
                transport.open("GET", path, headers=headers, timeout=timeout) as response,
                closing(_events(response)) as events,
            ):
                for event in events:
                    if last is not None and event.seq <= last:
                        continue
                    last = event.seq
                    patience.forgive()
                    yield event
                    if event.type == "done":
                        return
            raise ConnectionFailed("the service closed the event stream before the job's end")
        except KilnError as fault:
            patience.bear(fault)


def _events(response: httpx.Response) -> Generator[Event]:
    if "text/event-stream" not in response.headers.get("Content-Type", ""):
        raise APIError(
            f"{response.url} is not an event stream: is this the right address?",
            status=response.status_code,
            code="not_tensorkiln",
        )
    for message in EventSource(response).iter_sse():
        if not message.data or not message.id:
            continue  # heartbeats between events arrive as events without data
        data = json.loads(message.data)
        named = {"type": message.event or "message", "seq": message.id, "data": data}
        yield Event.parse({**named, "at": data.pop("at", None), "attempt": data.pop("attempt", None)})
