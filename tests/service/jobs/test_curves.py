"""A job's curves over HTTP."""

from typing import Any

import numpy as np
import pytest

from service.jobs import curves
from service.store import Store
from tests.service.clients import ON_SQLITE, AppClient, assert_problem
from tests.service.trained import column, record, start


@pytest.fixture
def job_id(store: Store, submit: Any) -> str:
    """A job with 100 losses and 100 accuracies."""
    made: str = submit()
    attempt = start(store, made)
    for first in (1, 51):
        values = np.linspace(1.0, 0.5, 50)
        record(store, attempt, column("loss", first, values), column("accuracy", first, 1 - values))
    return made


def test_raw_points_come_back_as_they_were_recorded(client: AppClient, job_id: str) -> None:
    answer = client.get(f"/v1/jobs/{job_id}/metrics", params={"key": "loss"}).json()
    assert answer["object"] == "metrics"
    assert answer["job_id"] == job_id
    assert answer["key"] == "loss"
    assert answer["keys"] == ["accuracy", "loss"]
    assert answer["total_points"] == 100
    assert [point["step"] for point in answer["data"]] == list(range(1, 101))
    assert [point["value"] for point in answer["data"]] == [*np.linspace(1, 0.5, 50)] * 2
    assert answer["data"][0] == {
        "key": "loss",
        "step": 1,
        "value": 1.0,
        "timestamp": "2026-11-23T09:30:00.001Z",
        "epoch": 1,
        "attempt": 1,
    }


def test_without_a_key_every_metric_is_given(client: AppClient, job_id: str) -> None:
    answer = client.get(f"/v1/jobs/{job_id}/metrics").json()
    assert answer["key"] is None
    assert answer["total_points"] == 200
    assert [point["key"] for point in answer["data"]] == ["accuracy"] * 100 + ["loss"] * 100


def test_a_range_of_steps_can_be_cut_out(client: AppClient, job_id: str) -> None:
    params = {"key": "loss", "step_from": 40, "step_to": 60}
    answer = client.get(f"/v1/jobs/{job_id}/metrics", params=params).json()
    assert [point["step"] for point in answer["data"]] == list(range(40, 61))
    assert answer["total_points"] == 21


def test_thinning_keeps_the_extremes(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    values = np.zeros(5000)
    values[1234], values[4321] = 9.0, -9.0
    record(store, start(store, job_id), column("loss", 1, values))
    answer = client.get(f"/v1/jobs/{job_id}/metrics", params={"key": "loss", "points": 100}).json()
    assert len(answer["data"]) <= 100
    assert answer["total_points"] == 5000
    shown = {point["step"]: point["value"] for point in answer["data"]}
    assert shown[1235] == 9.0
    assert shown[4322] == -9.0


def test_what_json_cannot_hold_is_null(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    record(store, start(store, job_id), column("loss", 1, [1.0, np.nan, np.inf, -np.inf]))
    answer = client.get(f"/v1/jobs/{job_id}/metrics").json()
    assert [point["value"] for point in answer["data"]] == [1.0, None, None, None]


def test_an_unknown_metric_has_no_points(client: AppClient, job_id: str) -> None:
    answer = client.get(f"/v1/jobs/{job_id}/metrics", params={"key": 'x"y'}).json()
    assert answer["data"] == []
    assert answer["key"] == 'x"y'
    assert answer["keys"] == ["accuracy", "loss"]


def test_too_many_raw_points_are_refused_with_what_to_do(
    client: AppClient, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "MAX_RAW_POINTS", 150)
    assert client.get(f"/v1/jobs/{job_id}/metrics", params={"key": "loss"}).status_code == 200
    problem = assert_problem(client.get(f"/v1/jobs/{job_id}/metrics"), 422, "invalid_request", "points")
    assert "points=500" in problem["errors"][0]["detail"]
    assert client.get(f"/v1/jobs/{job_id}/metrics", params={"points": 10}).status_code == 200


@pytest.mark.parametrize(
    "query", ["points=1", "points=10001", "step_from=-1", f"step_to={2**63}", "key=", "key=%00", "stp_from=1"]
)
@ON_SQLITE
def test_a_faulty_query_is_refused(client: AppClient, job_id: str, query: str) -> None:
    parameter = query.split("=")[0]
    assert_problem(client.get(f"/v1/jobs/{job_id}/metrics?{query}"), 422, "invalid_request", parameter)
