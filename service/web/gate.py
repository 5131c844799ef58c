"""The outermost door: a name for every request, one line in the log for every answer, no exception past it.

Also serves HEAD wherever GET is served: the app sees GET, the client gets the headers.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from contextvars import ContextVar

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InternalError
from service.problems import problem

HEAD_SCOPE_KEY = "kiln.head"
CLIENT_GONE = 499  # never sent: what the log says where the client left before the answer

request_id: ContextVar[str] = ContextVar("request_id", default="-")
access_log = logging.getLogger("service.access")
log = logging.getLogger("service")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_QUIET = ("/healthz", "/readyz", "/v1/healthz")  # asked every few seconds by machines


class Gate:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"]
        name = _given(scope) or f"req_{secrets.token_hex(8)}"
        token = request_id.set(name)
        scope.setdefault("state", {})["request_id"] = name
        if method == "HEAD":
            scope = {**scope, "method": "GET", HEAD_SCOPE_KEY: True}
        status = CLIENT_GONE

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", name.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception:
            log.exception("unhandled exception while answering %s %s", method, scope["path"])
            if status == CLIENT_GONE:  # nothing was sent yet
                await problem(InternalError(), name)(scope, receive, send_named)
            else:
                raise ConnectionAbortedError("the answer broke off half-way") from None
        finally:
            level = logging.DEBUG if scope["path"] in _QUIET and status < 400 else logging.INFO
            elapsed_ms = (time.perf_counter() - started) * 1000
            access_log.log(level, "%s %s %d %.1f ms", method, _shown(scope), status, elapsed_ms)
            request_id.reset(token)


def _given(scope: Scope) -> str | None:
    """The client's own X-Request-ID, if it is one that can stand in a log."""
    for key, value in scope["headers"]:
        if key == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return None


def _shown(scope: Scope) -> str:
    """Path and query as they came in, percent-encoded: no control characters get into the log."""
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "backslashreplace")
    query = scope.get("query_string", b"")
    text = path + b"?" + query if query else path
    return str(text[:500].decode("ascii", "backslashreplace")).encode("unicode_escape").decode("ascii")
