import json
import math
import socket
import time
from email.utils import formatdate

import pytest

from tensorkiln import (
    APIError,
    Client,
    Conflict,
    ConnectionFailed,
    Invalid,
    KilnError,
    NotFound,
    Problem,
    Retry,
    TooManyRequests,
    Unavailable,
)
from tensorkiln.transport import Transport
from tests.tensorkiln.conftest import QUICK
from tests.tensorkiln.scripted import HANG_UP, Answer, ScriptedServer, job_json


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_refusal_that_may_pass_is_tried_again(server: ScriptedServer, client: Client, status: int) -> None:
    server.on(
        "GET", "/v1/system", Answer.problem(status), Answer.problem(status), Answer.json({"version": "1"})
    )
    assert client.system() == {"version": "1"}
    assert len(server.asked) == 3


def test_a_line_that_is_cut_is_opened_again(server: ScriptedServer, client: Client) -> None:
    whole = Answer.json({"version": "1"})
    cut = Answer(200, whole.body, {**whole.headers, "Content-Length": "15"}, cut_after=5)
    server.on("GET", "/v1/system", HANG_UP, cut, whole)
    assert client.system() == {"version": "1"}


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Invalid), (404, NotFound), (409, Conflict), (422, Invalid), (500, APIError)]
)
def test_a_refusal_that_stays_is_raised_at_once(
    server: ScriptedServer, client: Client, status: int, kind: type[APIError]
) -> None:
    server.on("GET", "/v1/system", Answer.problem(status, "some_code"))
    with pytest.raises(APIError) as raised:
        client.system()
    assert type(raised.value) is kind
    assert (raised.value.status, raised.value.code, raised.value.request_id) == (status, "some_code", "req_1")
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "kind"), [(429, TooManyRequests), (503, Unavailable)])
def test_when_patience_ends_the_last_refusal_is_raised(
    server: ScriptedServer, client: Client, status: int, kind: type[KilnError]
) -> None:
    server.on("GET", "/v1/system", Answer.problem(status))
    with pytest.raises(kind):
        client.system()
    assert len(server.asked) == QUICK.attempts


def test_a_post_carries_one_idempotency_key_through_all_its_tries(
    server: ScriptedServer, client: Client
) -> None:
    in_flight = Answer.problem(409, "request_in_flight")
    server.on("POST", "/v1/jobs", HANG_UP, Answer.problem(503), in_flight, Answer.json(job_json(), 201))
    client.jobs.create(epochs=1)
    client.jobs.create(epochs=1)
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert len(keys) == 5
    assert len(set(keys[:4])) == 1
    assert keys[4] != keys[0]


def test_a_key_of_the_callers_own_is_sent(server: ScriptedServer, client: Client) -> None:
    server.on("POST", "/v1/jobs", Answer.json(job_json(), 201))
    client.jobs.create({"epochs": 1}, idempotency_key="mine")
    assert server.asked[0].headers["Idempotency-Key"] == "mine"
    assert json.loads(server.asked[0].body) == {"epochs": 1}


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_in_seconds_and_as_a_date(
    server: ScriptedServer, client: Client, form: str
) -> None:
    # A date has whole seconds: 1.9 s ahead it names a moment at least 0.9 s ahead.
    value = "1" if form == "seconds" else formatdate(time.time() + 1.9, usegmt=True)
    server.on("GET", "/v1/system", Answer.problem(429, Retry_After=value), Answer.json({}))
    began = time.monotonic()
    client.system()
    assert time.monotonic() - began >= 0.8


def test_nobody_there_is_a_failed_connection() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        Client(f"http://127.0.0.1:{port}", retry=QUICK) as client,
        pytest.raises(ConnectionFailed, match=f"127.0.0.1:{port}"),
    ):
        client.system()


def test_silence_is_a_failed_connection_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts by its backlog, never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Client(url, timeout_s=0.2, retry=Retry(attempts=1)) as client,
            pytest.raises(ConnectionFailed, match="timed out"),
        ):
            client.system()


def test_problems_are_told_with_their_places(server: ScriptedServer, client: Client) -> None:
    errors = [
        {"pointer": "/optimizer/lr", "detail": "must be positive"},
        {"pointer": "", "parameter": "limit", "in": "query", "detail": "at most 100"},
    ]
    server.on("GET", "/v1/jobs", Answer.problem(422, "invalid_request", errors))
    with pytest.raises(Invalid) as raised:
        client.jobs.list()
    assert raised.value.problems == (
        Problem("/optimizer/lr", "must be positive"),
        Problem("", "at most 100", "limit"),
    )
    assert "/optimizer/lr: must be positive" in str(raised.value)
    assert "limit: at most 100" in str(raised.value)


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b'"text"', b"[1]", b'{"errors": 3}', b"\xff"])
def test_a_refusal_of_any_shape_is_an_api_error(server: ScriptedServer, client: Client, body: bytes) -> None:
    server.on("GET", "/v1/system", Answer(418, body))
    with pytest.raises(APIError) as raised:
        client.system()
    assert raised.value.status == 418


def test_an_answer_that_is_not_ours_says_so(server: ScriptedServer, client: Client) -> None:
    server.on("GET", "/v1/system", Answer(200, b"<html>It works!</html>"))
    with pytest.raises(APIError, match="right address"):
        client.system()


def test_numbers_that_json_lacks_never_leave(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(ValueError, match="JSON"):
        client.jobs.create(optimizer={"type": "SGD", "lr": math.nan})
    assert server.asked == []


def test_a_proxy_of_the_environment_is_not_asked_for_our_own_loopback(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server.on("GET", "/v1/system", Answer.json({"version": "1"}))
    transport = Transport(server.url, retry=QUICK)
    assert transport.get("/v1/system") == {"version": "1"}
    transport.close()
