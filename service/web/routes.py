"""The route class of every endpoint: a JSON body is read, bounded and parsed strictly before validation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from anyio import to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.errors import UnsupportedMediaType
from service.web.documents import parse

_INLINE_BYTES = 16 * 1024  # parsed on the event loop up to here, in a thread beyond


class JsonRequest(Request):
    """A request whose JSON has been parsed by our own rules."""

    document: Any = None

    async def load(self) -> None:
        body = await self.body()
        if not body:
            return
        media = Message()
        media["content-type"] = self.headers.get("content-type", "")
        kind = media.get_content_type()
        if "content-type" not in self.headers or not (kind == "application/json" or kind.endswith("+json")):
            given = self.headers.get("content-type")
            was = f"it was {given[:100]!r}" if given else "there was none"
            raise UnsupportedMediaType(f"{UnsupportedMediaType.message()} Here, {was}.")
        if self.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("The body must not be compressed.")
        if len(body) <= _INLINE_BYTES:
            self.document = parse(body)
        else:
            self.document = await to_thread.run_sync(parse, body)

    async def json(self) -> Any:
        return self.document


class StrictRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        reads_body = bool((self.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"})

        async def handler(request: Request) -> Response:
            strict = JsonRequest(request.scope, request.receive)
            if reads_body:
                await strict.load()
                strict.scope["kiln.document"] = strict.document
            return await answer(strict)

        return handler
