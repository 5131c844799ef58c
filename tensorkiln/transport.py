"""HTTP with the service: one request, retried where that is safe, its refusals turned into errors."""

import email.utils
import json as jsonlib
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from tensorkiln.errors import (
    APIError,
    Conflict,
    ConnectionFailed,
    Invalid,
    KilnError,
    NotFound,
    Problem,
    TooManyRequests,
    Unavailable,
)
from tensorkiln.retry import Patience, Retry
from tensorkiln.version import __version__

_BY_STATUS: dict[int, type[APIError]] = {
    400: Invalid,
    404: NotFound,
    409: Conflict,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Transport:
    """One connection pool to one service. Thread-safe, as httpx.Client is."""

    def __init__(self, base_url: str, *, timeout_s: float = 15.0, retry: Retry | None = None) -> None:
        """timeout_s bounds every single wait (connect, read, write), not a whole call."""
        self.base_url = base_url.rstrip("/")
        self.retry = retry or Retry()
        self._http = httpx.Client(
            base_url=self.base_url,
            timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
            headers={"User-Agent": f"tensorkiln/{__version__}"},
            # A proxy of the environment cannot reach our own loopback, so it is not asked for it.
            trust_env=urlsplit(self.base_url).hostname not in _LOOPBACK,
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self.request("GET", path, params={k: v for k, v in params.items() if v is not None})

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """The JSON object of the answer ({} where it has none).

        A POST carries an Idempotency-Key, one for all its tries, so that a retry after a lost
        answer cannot do the work twice. Raises APIError or ConnectionFailed.
        """
        headers: dict[str, str] = {}
        content: bytes | None = None
        if method == "POST":
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        if json is not None:
            headers["Content-Type"] = "application/json"
            content = jsonlib.dumps(json, allow_nan=False).encode()  # ValueError: JSON has no NaN
        patience = Patience(self.retry)
        while True:
            try:
                with self.open(method, path, params=params, content=content, headers=headers) as response:
                    return _object_of(response)
            except KilnError as fault:
                patience.bear(fault)

    @contextmanager
    def open(self, method: str, path: str, **kwargs: Any) -> Iterator[httpx.Response]:
        """A streaming answer with a 2xx status, tried once. Raises APIError or ConnectionFailed,
        the latter also when the line breaks while the caller reads."""
        try:
            with self._http.stream(method, path, **kwargs) as response:
                if not response.is_success:
                    response.read()
                    raise refusal(response)
                yield response
        except httpx.TransportError as fault:
            what = str(fault) or type(fault).__name__
            raise ConnectionFailed(f"no answer from {self.base_url}: {what}") from fault


def refusal(response: httpx.Response) -> APIError:
    """The error that an answer without success stands for. The body may be anything at all."""
    try:
        body = response.json()
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    errors = body.get("errors")
    problems = [
        Problem(str(e.get("pointer") or ""), str(e.get("detail") or ""), e.get("parameter"))
        for e in (errors if isinstance(errors, list) else [])
        if isinstance(e, dict)
    ]
    status = response.status_code
    phrase = response.reason_phrase or "error"
    return _BY_STATUS.get(status, APIError)(
        str(body.get("detail") or body.get("title") or f"{status} {phrase}"),
        status=status,
        code=str(body.get("code") or "unknown"),
        problems=problems,
        request_id=body.get("request_id") or response.headers.get("X-Request-ID"),
        retry_after_s=_retry_after_s(response.headers.get("Retry-After")),
    )


def _retry_after_s(value: str | None) -> float | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3); None where absent or nonsense."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _object_of(response: httpx.Response) -> dict[str, Any]:
    response.read()
    if not response.content:
        return {}
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise APIError(
            f"{response.url} answered, but not as Tensorkiln does: is this the right address?",
            status=response.status_code,
            code="not_tensorkiln",
        )
    return body
