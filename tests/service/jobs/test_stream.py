"""The live feed, from a real server where it is watched live."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse

from service.jobs import stream
from service.jobs.schemas import EXAMPLE_JOB
from service.store import Store
from tests.service.clients import ON_SQLITE, AppClient, assert_problem
from tests.service.processes import Server
from tests.service.trained import column, fail, record, record_epoch, start, succeed


def _submit(server: Server) -> str:
    response = httpx.post(f"{server.url}/v1/jobs", json=EXAMPLE_JOB)
    job_id: str = response.json()["id"]
    return job_id


def _parse(text: str) -> list[tuple[str, int, dict[str, Any]]]:
    """(event, id, data) of every message in a finished feed."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], int(lines["id"]), json.loads(lines["data"])))
    return found


@pytest.fixture
def finished(store: Store, submit: Any) -> str:
    job_id: str = submit()
    attempt = start(store, job_id)
    record(store, attempt, column("loss", 1, [0.5, 0.25]), column("accuracy", 1, [0.1, 0.2]))
    record_epoch(store, attempt, 1, train_loss=0.4)
    succeed(store, attempt)
    return job_id


def test_a_finished_job_is_told_from_start_to_done(client: AppClient, finished: str) -> None:
    response = client.get(f"/v1/jobs/{finished}/stream")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    messages = _parse(response.text)
    assert [kind for kind, _, _ in messages] == [
        *["status"] * 3,
        "metrics",
        "epoch",
        "weights",
        "status",
        "done",
    ]
    numbers = [number for _, number, _ in messages]
    assert numbers == sorted(set(numbers))
    metrics = messages[3][2]
    assert metrics["columns"] == [
        {"key": "accuracy", "steps": [1, 2], "values": [0.1, 0.2], "epochs": [1, 1]},
        {"key": "loss", "steps": [1, 2], "values": [0.5, 0.25], "epochs": [1, 1]},
    ]
    assert metrics["progress"]["steps_total"] == 9380
    assert messages[-1][2]["state"] == "succeeded"
    assert messages[-2][2]["state"] == "succeeded"


def test_a_feed_resumes_at_any_number(client: AppClient, finished: str) -> None:
    whole = _parse(client.get(f"/v1/jobs/{finished}/stream").text)
    for position, (_, number, _) in enumerate(whole[:-1]):
        headers = {"last-event-id": str(number)}
        rest = _parse(client.get(f"/v1/jobs/{finished}/stream", headers=headers).text)
        assert rest == whole[position + 1 :]


def test_a_feed_resumed_behind_the_end_closes_with_done(client: AppClient, finished: str) -> None:
    for number in ("999999", str(2**59)):
        text = client.get(f"/v1/jobs/{finished}/stream", headers={"last-event-id": number}).text
        assert [kind for kind, _, _ in _parse(text)] == ["done"]


def test_many_events_are_told_in_batches_without_loss(
    client: AppClient, store: Store, submit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH", 3)
    job_id = submit()
    attempt = start(store, job_id)
    for step in range(1, 21):
        record(store, attempt, column("loss", step, [float(step)]))
        if step % 5 == 0:
            record_epoch(store, attempt, step // 5, train_loss=float(step))
    fail(store, attempt)
    messages = _parse(client.get(f"/v1/jobs/{job_id}/stream").text)
    numbers = [number for _, number, _ in messages]
    assert numbers == list(range(1, len(numbers) + 1))
    told = [data["columns"][0]["values"][0] for kind, _, data in messages if kind == "metrics"]
    assert told == [float(step) for step in range(1, 21)]


def test_what_json_cannot_hold_is_null(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    attempt = start(store, job_id)
    record(store, attempt, column("loss", 1, [1.0, float("nan"), float("inf")]))
    fail(store, attempt)
    messages = _parse(client.get(f"/v1/jobs/{job_id}/stream").text)
    assert messages[3][2]["columns"][0]["values"] == [1.0, None, None]


def test_a_failed_job_ends_with_its_error(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    fail(store, start(store, job_id))
    kind, _, data = _parse(client.get(f"/v1/jobs/{job_id}/stream").text)[-1]
    assert kind == "done"
    assert data["error"]["code"] == "non_finite"


@pytest.mark.parametrize("number", ["-1", "1.5", "abc", "٣", "9" * 40])
@ON_SQLITE
def test_a_last_event_id_that_is_no_number_is_refused(client: AppClient, finished: str, number: str) -> None:
    response = client.get(f"/v1/jobs/{finished}/stream", headers={"last-event-id": number.encode()})
    assert_problem(response, 400, "invalid_header", "Last-Event-ID")


def test_head_answers_at_once(client: AppClient, submit: Any) -> None:
    response = client.head(f"/v1/jobs/{submit()}/stream")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")


def test_events_arrive_while_they_happen(server: Server) -> None:
    job_id = _submit(server)
    arrived: list[tuple[str, float]] = []
    is_open = threading.Event()

    def watch() -> None:
        with (
            httpx.Client(timeout=20) as http,
            connect_sse(http, "GET", f"{server.url}/v1/jobs/{job_id}/stream") as source,
        ):
            messages: Iterator[ServerSentEvent] = source.iter_sse()
            for message in messages:
                if message.data:
                    arrived.append((message.event, time.monotonic()))
                is_open.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert is_open.wait(10)
    attempt = start(server.store, job_id)
    recorded = time.monotonic()
    record(server.store, attempt, column("loss", 1, [0.5]))
    fail(server.store, attempt)
    watcher.join(10)
    assert not watcher.is_alive()
    kinds = [kind for kind, _ in arrived]
    assert kinds == ["status", "status", "status", "metrics", "status", "done"]
    assert arrived[3][1] - recorded < 3.0


def test_a_follower_who_leaves_is_let_go(server: Server) -> None:
    job_id = _submit(server)
    with (
        httpx.Client(timeout=20) as http,
        http.stream("GET", f"{server.url}/v1/jobs/{job_id}/stream") as response,
    ):
        next(response.iter_bytes())
    deadline = time.monotonic() + 5
    while f"/v1/jobs/{job_id}/stream" not in server.log and time.monotonic() < deadline:
        time.sleep(0.02)
    assert f"GET /v1/jobs/{job_id}/stream 200" in server.log
    assert "Traceback" not in server.log
