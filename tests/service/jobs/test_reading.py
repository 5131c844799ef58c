"""Showing and listing jobs, and their events."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from service.store import Store
from tests.service.clients import ON_SQLITE, AppClient, assert_problem
from tests.service.trained import STEPS_TOTAL, column, fail, record, record_epoch, start, succeed


def test_a_running_job_shows_its_progress_and_when_it_will_end(
    client: AppClient, store: Store, submit: Any
) -> None:
    job_id = submit()
    attempt = start(store, job_id)
    record(store, attempt, column("loss", 1, [0.5] * 938), epoch=1, rate=100.0)
    record_epoch(store, attempt, 1, train_loss=0.5, test_accuracy=0.9)
    shown = client.get(f"/v1/jobs/{job_id}").json()
    assert shown["state"] == "running"
    assert shown["attempt"] == 1
    assert shown["progress"]["step"] == 938
    assert shown["progress"]["fraction"] == pytest.approx(938 / STEPS_TOTAL, abs=1e-6)
    assert shown["metrics"] == {"train_loss": 0.5, "test_accuracy": 0.9}
    remaining = datetime.fromisoformat(shown["estimated_finish"]) - datetime.fromisoformat(
        shown["started_at"]
    )
    assert remaining.total_seconds() == pytest.approx((STEPS_TOTAL - 938) / 100, abs=10)
    states = [entry["state"] for entry in shown["status_history"]]
    assert states == ["queued", "starting", "running"]
    assert [entry["attempt"] for entry in shown["status_history"]] == [0, 1, 1]


@pytest.mark.parametrize("rate", [0.0, 1e-300, float("inf"), 1e-6])
def test_a_rate_that_foretells_nothing_gives_no_finish(
    client: AppClient, store: Store, submit: Any, rate: float
) -> None:
    job_id = submit()
    record(store, start(store, job_id), column("loss", 1, [0.5]), rate=rate)
    shown = client.get(f"/v1/jobs/{job_id}").json()
    assert shown["state"] == "running"
    if rate != float("inf"):
        assert shown["estimated_finish"] is None


def test_a_succeeded_job_tells_where_its_weights_are(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    sha256 = succeed(store, start(store, job_id))
    shown = client.get(f"/v1/jobs/{job_id}").json()
    assert shown["state"] == "succeeded"
    assert shown["weights"]["sha256"] == sha256
    assert shown["weights"]["url"] == f"/v1/jobs/{job_id}/weights"
    assert client.get(shown["weights"]["url"]).status_code == 200
    assert shown["estimated_finish"] is None


def test_a_failed_job_tells_why(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    fail(store, start(store, job_id))
    shown = client.get(f"/v1/jobs/{job_id}").json()
    assert shown["error"] == {
        "code": "non_finite",
        "message": "the loss is NaN at step 3",
        "param": None,
        "category": "user",
    }


@pytest.mark.parametrize("job_id", ["job_0", "JOB_0", "mdl_0", "job_%00", "job_%FF", "job_" + "a" * 5000])
def test_an_unknown_job_is_a_404_under_every_path(client: AppClient, job_id: str) -> None:
    for path in ("", "/metrics", "/events", "/stream", "/weights"):
        assert_problem(client.get(f"/v1/jobs/{job_id}{path}"), 404, "job_not_found")


def test_a_list_is_newest_first_and_pages_without_gaps(client: AppClient, submit: Any) -> None:
    ids = [submit(name=f"job {number}") for number in range(5)]
    seen, after, pages = [], None, 0
    while True:
        page = client.get("/v1/jobs", params={"limit": 2} | ({"after": after} if after else {})).json()
        assert page["object"] == "list"
        assert page["first_id"] == page["data"][0]["id"]
        assert page["last_id"] == page["data"][-1]["id"]
        seen += [item["id"] for item in page["data"]]
        after = page["last_id"]
        pages += 1
        if not page["has_more"]:
            break
    assert seen == ids[::-1]
    assert pages == 3


def test_an_empty_list_has_no_cursors(client: AppClient) -> None:
    page = client.get("/v1/jobs").json()
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_a_list_shows_the_same_jobs_less_their_definitions(
    client: AppClient, store: Store, submit: Any
) -> None:
    first, second, third = submit(), submit(), submit()
    succeed(store, start(store, first))
    listed = {item["id"]: item for item in client.get("/v1/jobs").json()["data"]}
    assert listed[second]["queue_position"] == 1
    assert listed[third]["queue_position"] == 2
    for job_id in (first, second, third):
        assert client.get(f"/v1/jobs/{job_id}").json() | {"definition": None} == listed[job_id]


def test_a_list_can_be_filtered(client: AppClient, store: Store, submit: Any, job: dict[str, Any]) -> None:
    model = client.post("/v1/models", json=job["model"]).json()
    queued, running, cancelled = submit(), submit(model=model["id"]), submit()
    start(store, running)
    client.post(f"/v1/jobs/{cancelled}/cancel")

    def listed(**params: Any) -> set[str]:
        return {item["id"] for item in client.get("/v1/jobs", params=params).json()["data"]}

    assert listed(state="running") == {running}
    assert listed(state=["running", "cancelled"]) == {running, cancelled}
    assert listed(model=model["id"]) == {running}
    assert listed(dataset="mnist") == {queued, running, cancelled}
    assert listed(dataset="digits") == set()
    created = client.get(f"/v1/jobs/{running}").json()["created_at"]
    assert running in listed(created_after=created)
    assert running not in listed(created_before=created)
    assert listed(created_after="9999-12-31T23:59:59-23:59") == set()
    assert listed(created_before="0001-01-01T00:00:00+14:00") == set()
    assert listed(created_after="2000-01-01T00:00:00+02:00", state="queued") == {queued}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1e3", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("after=", "after"),
        ("after=%00", "after"),
        ("after=';--", "after"),
        ("after=job_doesnotexist", "after"),
        ("after=mdl_000000000000000000000000", "after"),
        ("state=asleep", "state"),
        ("created_after=yesterday", "created_after"),
        ("created_after=1e30", "created_after"),
        ("created_before=0.5", "created_before"),
        ("created_before=1795392000", "created_before"),
        ("created_after=2026-11-23", "created_after"),
        ("created_after=2026-11-23T00:00:00", "created_after"),
        ("dataset=%00", "dataset"),
        ("model=%00", "model"),
        ("colour=red", "colour"),
    ],
)
@ON_SQLITE
def test_a_faulty_query_names_its_parameter(client: AppClient, query: str, parameter: str) -> None:
    problem = assert_problem(client.get(f"/v1/jobs?{query}"), 422, "invalid_request", parameter)
    assert problem["errors"][0]["in"] == "query"


def test_events_come_oldest_first_a_page_at_a_time(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    attempt = start(store, job_id)
    record(store, attempt, column("loss", 1, [0.5]))
    record_epoch(store, attempt, 1, train_loss=0.5)
    first = client.get(f"/v1/jobs/{job_id}/events", params={"limit": 3}).json()
    assert [item["type"] for item in first["data"]] == ["status", "status", "status"]
    assert first["has_more"] is True
    rest = client.get(f"/v1/jobs/{job_id}/events", params={"after": first["last_id"]}).json()
    assert [item["type"] for item in rest["data"]] == ["epoch"]
    assert rest["data"][0]["data"] == {"epoch": 1, "metrics": {"train_loss": 0.5}}
    assert rest["data"][0]["seq"] > first["data"][-1]["seq"]
    assert rest["has_more"] is False
    assert_problem(client.get(f"/v1/jobs/{job_id}/events?after={2**70}"), 422, "invalid_request", "after")


def test_showing_jobs_takes_few_queries_however_many_they_are(
    client: AppClient, app: Any, store: Store, submit: Any
) -> None:
    for _ in range(3):
        start(store, submit())
    for _ in range(3):
        submit()
    statements: list[str] = []
    engine = app.state.context.store.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client.get("/v1/jobs")
    queries = [statement for statement in statements if statement.startswith(("SELECT", "WITH"))]
    assert len(queries) <= 4, queries
