"""Idempotency keys: a retry is answered, not done again."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from service.errors import RequestInFlight
from service.idempotency import queries
from service.idempotency.queries import Claim, Known
from service.jobs import operations
from service.store import Store, jobs
from service.store.tables import IdempotencyKey
from tests.service.clients import ON_SQLITE, AppClient, assert_problem

KEY = {"idempotency-key": "9f0f5f0e-3c1b-4a57"}


def _ids(client: AppClient) -> list[str]:
    return [item["id"] for item in client.get("/v1/jobs").json()["data"]]


def test_the_same_request_gets_the_first_answer_again(client: AppClient, job: dict[str, Any]) -> None:
    first = client.post("/v1/jobs", json=job, headers=KEY)
    again = client.post("/v1/jobs", json=job, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert _ids(client) == [first.json()["id"]]


def test_order_of_fields_and_white_space_make_no_other_body(client: AppClient, job: dict[str, Any]) -> None:
    first = client.post("/v1/jobs", json=job, headers=KEY)
    again = client.post("/v1/jobs", json=dict(reversed(job.items())), headers=KEY)
    assert again.json()["id"] == first.json()["id"]


def test_another_body_under_the_same_key_is_refused(client: AppClient, job: dict[str, Any]) -> None:
    client.post("/v1/jobs", json=job, headers=KEY)
    response = client.post("/v1/jobs", json={**job, "epochs": 3}, headers=KEY)
    assert_problem(response, 422, "idempotency_key_reused")
    assert len(_ids(client)) == 1


def test_a_key_counts_for_one_path(client: AppClient, submit: Any, job: dict[str, Any]) -> None:
    first, second = submit(), submit()
    for job_id in (first, second):
        response = client.post(f"/v1/jobs/{job_id}/cancel", headers=KEY)
        assert response.json()["id"] == job_id
    assert client.post("/v1/models", json=job["model"], headers=KEY).status_code == 201


def test_a_cancel_can_be_retried_after_its_answer_was_lost(client: AppClient, submit: Any) -> None:
    job_id = submit()
    first = client.post(f"/v1/jobs/{job_id}/cancel", headers=KEY)
    again = client.post(f"/v1/jobs/{job_id}/cancel", headers=KEY)
    assert again.status_code == 200
    assert again.json() == first.json()


def test_a_refused_request_leaves_the_key_free(client: AppClient, job: dict[str, Any]) -> None:
    assert client.post("/v1/jobs", json={**job, "epochs": 0}, headers=KEY).status_code == 422
    assert client.post("/v1/jobs", json={**job, "loss": {"type": "x"}}, headers=KEY).status_code == 422
    assert client.post("/v1/jobs", json=job, headers=KEY).status_code == 201


def test_a_failed_operation_leaves_the_key_free_and_nothing_behind(
    client: AppClient, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit_and_fail(session: Any, new: Any) -> str:
        real(session, new)
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    real = jobs.submit
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "submit", submit_and_fail)
        assert_problem(client.post("/v1/jobs", json=job, headers=KEY), 503, "database_unavailable")
    assert _ids(client) == []
    assert client.post("/v1/jobs", json=job, headers=KEY).status_code == 201


def test_while_the_first_is_in_flight_the_second_is_told_to_wait(
    client: AppClient, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_checking, may_go_on = threading.Event(), threading.Event()
    real = operations.check

    def check_slowly(session: Any, request: Any) -> Any:
        is_checking.set()
        assert may_go_on.wait(10)
        return real(session, request)

    monkeypatch.setattr(operations, "check", check_slowly)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/jobs", json=job, headers=KEY)
        assert is_checking.wait(10)
        response = client.post("/v1/jobs", json=job, headers=KEY)
        assert_problem(response, 409, "request_in_flight")
        assert response.headers["retry-after"] == "1"
        other = client.post("/v1/jobs", json={**job, "epochs": 3}, headers=KEY)
        assert_problem(other, 422, "idempotency_key_reused")
        may_go_on.set()
        assert first.result(10).status_code == 201
    assert client.post("/v1/jobs", json=job, headers=KEY).headers["idempotent-replayed"] == "true"


def test_of_many_at_once_one_is_done(client: AppClient, job: dict[str, Any]) -> None:
    start = threading.Barrier(8)

    def post(_: int) -> Any:
        start.wait()
        return client.post("/v1/jobs", json=job, headers=KEY)

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(post, range(8)))
    assert {response.status_code for response in responses} <= {201, 409}
    ids = {response.json()["id"] for response in responses if response.status_code == 201}
    assert len(ids) == 1
    assert _ids(client) == list(ids)


def test_different_keys_are_different_jobs(client: AppClient, job: dict[str, Any]) -> None:
    for number in range(3):
        client.post("/v1/jobs", json=job, headers={"idempotency-key": str(number)})
    assert len(_ids(client)) == 3


def test_the_key_of_a_dead_server_comes_free(client: AppClient, store: Store, job: dict[str, Any]) -> None:
    claim = Claim("POST /v1/jobs", KEY["idempotency-key"], "0" * 64, "req_dead")
    with store.write() as session:
        assert queries.take(session, claim) is None
    assert_problem(client.post("/v1/jobs", json=job, headers=KEY), 422, "idempotency_key_reused")
    with store.write() as session:
        session.execute(update(IdempotencyKey).values(expires_at=1))
    assert client.post("/v1/jobs", json=job, headers=KEY).status_code == 201


def test_who_lost_its_key_cannot_commit(store: Store) -> None:
    slow = Claim("POST /x", "k", "0" * 64, "req_slow")
    quick = Claim("POST /x", "k", "0" * 64, "req_quick")
    with store.write() as session:
        queries.take(session, slow)
        session.execute(update(IdempotencyKey).values(expires_at=1))
    with store.write() as session:
        assert queries.take(session, quick) is None
    with pytest.raises(RequestInFlight), store.write() as session:
        queries.settle(session, slow, Known(201, {}, "{}"))
    with store.write() as session:
        queries.release(session, slow)
        queries.settle(session, quick, Known(201, {}, "{}"))


@pytest.mark.parametrize("key", ["", "k" * 256, "naïve".encode("latin-1"), b"tab\there", b"\x7f"])
@ON_SQLITE
def test_a_malformed_key_is_refused(client: AppClient, job: dict[str, Any], key: str | bytes) -> None:
    response = client.post("/v1/jobs", json=job, headers={"idempotency-key": key})
    problem = assert_problem(response, 422, "invalid_request", "Idempotency-Key")
    assert problem["errors"][0]["in"] == "header"


def test_the_longest_key_is_taken(client: AppClient, job: dict[str, Any]) -> None:
    headers = {"idempotency-key": "k" * 255}
    first = client.post("/v1/jobs", json=job, headers=headers)
    assert first.status_code == 201
    assert client.post("/v1/jobs", json=job, headers=headers).content == first.content
