"""uvicorn's HTTP/1.1 protocol with our manners towards broken clients.

A sender that closes its half of the connection in the middle of a body still gets an answer, unreadable HTTP
gets a problem document, endless headers are cut off, and a connection on which no request arrives is closed.
An offer to upgrade the connection (Java's HttpClient and `curl --http2` make one with each first request) is
declined as RFC 9110 says, by answering the request in HTTP/1.1: the parser would drop the request's body.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.web.bodies import TRUNCATED_SCOPE_KEY

MAX_HEAD_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 20.0


class Protocol(HttpToolsProtocol):
    head_bytes = 0
    head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio's own subclass narrows it
        super().connection_made(transport)
        self.head_timer = self.loop.call_later(HEAD_TIMEOUT_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio's own subclass narrows it
        """Keep the way back open (True) for the answer to a body that will never be complete."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not cycle.more_body:
            return None
        cast(dict[str, Any], cycle.scope)[TRUNCATED_SCOPE_KEY] = True
        cycle.keep_alive = False
        cycle.more_body = False
        cycle.message_event.set()
        return True

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stop:
                if not self._should_upgrade():
                    return  # a CONNECT, which is answered; what follows it is not for us
                data = self._head_without_upgrade() + data[stop.args[0] :]
                self.parser = httptools.HttpRequestParser(self)  # the old one may hold the connection closed
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            except httptools.HttpParserError as error:
                self.send_400_response(str(error))
                return
            else:
                return

    def _should_upgrade(self) -> bool:
        """Whether the head on which the parser stops is to be read again before it counts as a request."""
        return bool(self.parser.get_method() != b"CONNECT")

    def _head_without_upgrade(self) -> bytes:
        """The head on which the parser stopped, as if nothing had been offered."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        if self.transport.is_closing():
            return
        too_large = self.head_bytes > MAX_HEAD_BYTES
        status, code = (431, "headers_too_large") if too_large else (400, "malformed_http")
        detail = (
            f"The request's head has more than {MAX_HEAD_BYTES} bytes."
            if too_large
            else "This is not HTTP/1.1."
        )
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": "Headers too large" if too_large else "Malformed HTTP",
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": f"req_{secrets.token_hex(8)}",
            "errors": [],
        }
        content = json.dumps(body).encode()
        head = [
            STATUS_LINE[status],
            b"content-type: application/problem+json\r\n",
            b"content-length: %d\r\n" % len(content),
            b"x-request-id: %s\r\n" % body["request_id"].encode(),
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join(head) + content)
        self.transport.close()

    def _count(self, *parts: bytes) -> None:
        self.head_bytes += sum(map(len, parts))
        if self.head_bytes > MAX_HEAD_BYTES:
            raise ValueError(
                "head too large"
            )  # the parser turns it into its own error: data_received answers

    def _head_arrived(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None
