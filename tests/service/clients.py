"""A client that speaks straight into an app, without sockets and without async in the tests."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI

# for tests of what never gets as far as the database
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class AppClient:
    """httpx's verbs on an app's ASGI interface. Thread-safe: every call runs on the one loop behind it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://kiln.test")
        self._client: httpx.AsyncClient = self._stack.enter_context(
            self._portal.wrap_async_context_manager(client)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        call: Callable[[], Any] = partial(self._client.request, method, path, **options)
        response: httpx.Response = self._portal.call(call)
        return response

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Any) -> httpx.Response:
        return self.request("HEAD", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)


def assert_problem(response: httpx.Response, status: int, code: str, *places: str) -> dict[str, Any]:
    """The answer is a problem of this kind whose errors name exactly these pointers or parameters."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["detail"]
    assert "Traceback" not in response.text
    if places:
        named = [error.get("parameter") or error["pointer"] for error in problem["errors"]]
        assert sorted(named) == sorted(places), problem["errors"]
        assert all(error["detail"] for error in problem["errors"])
    return problem
