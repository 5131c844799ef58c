"""A file as a response: entity tag, conditional requests, one byte range (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from service.errors import RangeNotSatisfiable
from service.web.gate import HEAD_SCOPE_KEY

EXAMPLE_TAG = '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"'
RANGE_PARAMETERS = [  # what `file_response` reads, for OpenAPI
    # under `schema`: as the parameter's own example, /docs would send it unasked
    {"name": name, "in": "header", "description": words, "schema": {"type": "string", "examples": [example]}}
    for name, words, example in (
        ("Range", "One range of bytes.", "bytes=0-1023"),
        ("If-Range", "The ETag that the range is of; all of another file is sent.", EXAMPLE_TAG),
        ("If-None-Match", "The ETag of the file that the client has.", EXAMPLE_TAG),
    )
]
_BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*")


def file_response(
    request: Request, path: Path, sha256: str, size_bytes: int, media_type: str, name: str
) -> Response:
    """The file, a part of it (206), or 304 where the client has it. Raises RangeNotSatisfiable.

    A Range that isn't of the form `bytes=first-last` is ignored, as RFC 9110 allows: the whole file is sent.
    """
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    etag = f'"{sha256}"'
    headers = {
        "etag": etag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "repr-digest": f"sha-256=:{digest}:",
        "digest": f"sha-256={digest}",
        "content-disposition": f'attachment; filename="{name}"',
    }
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers={key: headers[key] for key in ("etag", "cache-control")})
    first, last = 0, size_bytes - 1
    status = 200
    wanted = _range(request, etag, size_bytes)
    if wanted is not None:
        first, last = wanted
        status = 206
        headers["content-range"] = f"bytes {first}-{last}/{size_bytes}"
    headers["content-length"] = str(last - first + 1)
    if request.scope.get(HEAD_SCOPE_KEY):
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_read(path, first, last + 1 - first), status, headers, media_type)


def _names(given: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag in tags


def _range(request: Request, etag: str, size_bytes: int) -> tuple[int, int] | None:
    """First and last byte of the one range that is asked for, or None for the whole."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if first and last and int(first) > int(last):
        return None
    if first:
        start, end = int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1
    else:
        start, end = max(0, size_bytes - int(last)), size_bytes - 1
    if start >= size_bytes or (not first and int(last) == 0):
        raise RangeNotSatisfiable(
            f"The file has {size_bytes} bytes; {match.group()!r} lies beyond them.",
            headers={"content-range": f"bytes */{size_bytes}"},
        )
    return start, end


async def _read(path: Path, first: int, count: int) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        await file.seek(first)
        while count > 0 and (block := await file.read(min(_BLOCK_BYTES, count))):
            count -= len(block)
            yield block
