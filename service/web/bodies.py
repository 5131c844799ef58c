"""Request bodies, kept within bounds while they arrive: their size, their pace, their completeness."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyTimeout, BodyTooLarge, IncompleteBody, ServiceError
from service.problems import problem

MAX_JSON_BYTES = 256 * 1024
PAUSE_S = 5.0  # a sender may be silent this long
TOTAL_S = 30.0  # a body may take this long
LINGER_S = 1.0  # how long a refused sender is listened to, so that it reads the refusal and not a reset,
LINGER_BYTES = 16 * 1024 * 1024  # and for how much
TRUNCATED_SCOPE_KEY = "kiln.truncated"  # set by the protocol where the sender hung up half-way


class BodyLimit:
    """ASGI middleware: refuses a declared oversize at once, cuts off an undeclared one when it gets there."""

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int = MAX_JSON_BYTES,
        pause_s: float = PAUSE_S,
        total_s: float = TOTAL_S,
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.pause_s = pause_s
        self.total_s = total_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        if length == "0" or (not length and "transfer-encoding" not in headers):
            await self.app(scope, receive, send)
            return
        body = _Body(
            self, scope, receive, send, int(length) if length.isascii() and length.isdigit() else None
        )
        if body.declared is not None and body.declared > self.max_bytes:
            error = body.too_large()
            await problem(error, scope["state"]["request_id"])(scope, body.receive, body.send)
        else:
            await self.app(scope, body.receive, body.send)


class _Body:
    """One request's body on its way in."""

    def __init__(
        self, limit: BodyLimit, scope: Scope, receive: Receive, send: Send, declared: int | None
    ) -> None:
        self.limit = limit
        self.scope = scope
        self.declared = declared
        self._receive = receive
        self._send = send
        self.received = 0
        self.complete = False
        self.answering = False
        self.deadline = asyncio.get_running_loop().time() + limit.total_s

    async def receive(self) -> Message:
        if self.complete or self.answering:
            return await self._receive()
        message = await self._in_time(self._receive())
        if message["type"] != "http.request":
            return message
        self.received += len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        if self.received > self.limit.max_bytes:
            raise self.too_large()
        if self.complete and self.scope.get(TRUNCATED_SCOPE_KEY):
            expected = f" of {self.declared}" if self.declared is not None else ""
            raise IncompleteBody(f"The connection ended after {self.received}{expected} bytes of the body.")
        return message

    async def send(self, message: Message) -> None:
        """Pass the answer on. If it comes before the body's end, this connection has served its time."""
        if message["type"] == "http.response.start":
            self.answering = True
            if not self.complete:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        elif not self.complete and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    def too_large(self) -> ServiceError:
        given = f"; this one has {self.declared}" if self.declared is not None else ""
        return BodyTooLarge(f"A JSON body may have {self.limit.max_bytes} bytes{given}.")

    async def _in_time(self, message: Awaitable[Message]) -> Message:
        remaining_s = self.deadline - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(message, max(0.0, min(self.limit.pause_s, remaining_s)))
        except TimeoutError:
            what = (
                f"{self.received} bytes"
                if self.declared is None
                else f"{self.received} of {self.declared} bytes"
            )
            raise BodyTimeout(
                f"The body stopped arriving, or took too long: {what} came. It may pause for "
                f"{self.limit.pause_s:g} s and take {self.limit.total_s:g} s."
            ) from None

    async def _linger(self) -> None:
        """Read and drop what is still coming, for a moment."""
        dropped = 0
        try:
            async with asyncio.timeout(LINGER_S):
                while dropped < LINGER_BYTES:
                    message = await self._receive()
                    dropped += len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return
        except TimeoutError:
            return
