"""Bodies kept within bounds while they arrive."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.errors import BodyTimeout, BodyTooLarge, IncompleteBody
from service.web import bodies
from service.web.bodies import TRUNCATED_SCOPE_KEY, BodyLimit


class Exchange:
    """One request through the middleware, to an app that reads the whole body and answers with its length."""

    def __init__(self, chunks: Iterable[bytes], length: int | None = None, **scope: Any) -> None:
        self.chunks = list(chunks)
        self.asked = 0
        self.sent: list[Message] = []
        headers = [(b"content-length", str(length).encode())] if length is not None else []
        if length is None:
            headers = [(b"transfer-encoding", b"chunked")]
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": headers,
            "state": {"request_id": "req_1"},
            **scope,
        }
        self.hangs = False

    async def receive(self) -> Message:
        if self.asked < len(self.chunks):
            self.asked += 1
            more = self.asked < len(self.chunks) or self.hangs
            return {"type": "http.request", "body": self.chunks[self.asked - 1], "more_body": more}
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def run(self, **limits: Any) -> int:
        """The status that was answered."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            size = 0
            while (message := await receive())["type"] == "http.request":
                size += len(message["body"])
                if not message["more_body"]:
                    break
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(size).encode()})

        asyncio.run(BodyLimit(app, **limits)(self.scope, self.receive, self.send))
        return int(self.sent[0]["status"])


@pytest.fixture(autouse=True)
def _short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LINGER_S", 0.05)


def test_a_body_within_the_limit_passes() -> None:
    exchange = Exchange([b"a" * 60, b"b" * 40])
    assert exchange.run(max_bytes=100) == 200
    assert exchange.sent[1]["body"] == b"100"
    assert (b"connection", b"close") not in exchange.sent[0]["headers"]


def test_a_declared_oversize_is_refused_before_a_byte_is_read() -> None:
    exchange = Exchange([], length=10**9)
    assert exchange.run(max_bytes=100) == 413
    assert exchange.asked == 0
    assert (b"connection", b"close") in exchange.sent[0]["headers"]
    assert b"1000000000" in exchange.sent[1]["body"]


def test_an_undeclared_oversize_is_cut_off_at_the_limit() -> None:
    exchange = Exchange([b"a" * 60] * 1000)
    with pytest.raises(BodyTooLarge):
        exchange.run(max_bytes=100)
    assert exchange.asked == 2


def test_a_sender_that_lies_about_the_length_is_cut_off() -> None:
    exchange = Exchange([b"a" * 60] * 1000, length=80)
    with pytest.raises(BodyTooLarge):
        exchange.run(max_bytes=100)


def test_a_sender_that_falls_silent_is_given_up() -> None:
    exchange = Exchange([b"a" * 10], length=80)
    exchange.hangs = True
    with pytest.raises(BodyTimeout, match="10 of 80 bytes"):
        exchange.run(pause_s=0.02)


def test_a_sender_that_drips_is_given_up() -> None:
    exchange = Exchange([b"a"] * 10_000, length=10_000)
    real = exchange.receive

    async def drip() -> Message:
        await asyncio.sleep(0.005)
        return await real()

    exchange.receive = drip  # type: ignore[method-assign]  # the test is the network
    with pytest.raises(BodyTimeout, match="too long"):
        exchange.run(pause_s=1.0, total_s=0.1)


def test_a_truncated_body_is_told_from_a_short_one() -> None:
    exchange = Exchange([b"a" * 10], length=80, **{TRUNCATED_SCOPE_KEY: True})
    with pytest.raises(IncompleteBody, match="10 of 80"):
        exchange.run()


def test_a_request_without_a_body_is_left_alone() -> None:
    exchange = Exchange([b""], length=0)
    assert exchange.run(max_bytes=0) == 200
