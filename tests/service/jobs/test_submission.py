"""Submitting and cancelling jobs."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from service.store import Store, datasets, jobs
from service.store.doorbell import RUN_JOB
from tests.service.clients import ON_SQLITE, AppClient, assert_problem
from tests.service.trained import STEPS_TOTAL, fail, start


def test_a_submitted_job_is_queued_with_its_estimate(client: AppClient, job: dict[str, Any]) -> None:
    response = client.post("/v1/jobs", json=job)
    assert response.status_code == 201, response.text
    shown = response.json()
    assert response.headers["location"] == f"/v1/jobs/{shown['id']}"
    assert shown["object"] == "job"
    assert shown["state"] == "queued"
    assert shown["name"] == "first run"
    assert shown["queue_position"] == 1
    assert shown["dataset"] == "mnist"
    assert shown["model"]["name"] == "simplenet"
    assert shown["model"]["id"] is None
    assert shown["estimate"]["parameters"] == 784 * 128 + 128 + 128 * 10 + 10
    assert shown["progress"] == {
        "epoch": 0,
        "epochs": 10,
        "step": 0,
        "steps_total": STEPS_TOTAL,
        "fraction": 0.0,
    }
    assert [entry["state"] for entry in shown["status_history"]] == ["queued"]
    assert shown["weights"] is shown["error"] is shown["started_at"] is shown["estimated_finish"] is None
    assert client.get(f"/v1/jobs/{shown['id']}").json() == shown


def test_the_definition_shown_can_be_submitted_again(client: AppClient, job: dict[str, Any]) -> None:
    first = client.post("/v1/jobs", json=job).json()
    again = client.post("/v1/jobs", json=first["definition"])
    assert again.status_code == 201, again.text
    assert again.json()["definition"] == first["definition"]
    assert again.json()["model"]["sha256"] == first["model"]["sha256"]


def test_a_stored_model_can_be_named_by_its_id(client: AppClient, job: dict[str, Any]) -> None:
    model = client.post("/v1/models", json=job["model"]).json()
    shown = client.post("/v1/jobs", json={**job, "model": model["id"]}).json()
    assert shown["model"] == {"id": model["id"], "name": "simplenet", "sha256": model["sha256"]}
    assert shown["definition"]["model"] == model["definition"]


def test_a_job_outlives_the_model_that_it_named(client: AppClient, job: dict[str, Any]) -> None:
    model = client.post("/v1/models", json=job["model"]).json()
    shown = client.post("/v1/jobs", json={**job, "model": model["id"]}).json()
    assert client.delete(f"/v1/models/{model['id']}").status_code == 204
    after = client.get(f"/v1/jobs/{shown['id']}").json()
    assert after["model"]["id"] is None
    assert after["definition"] == shown["definition"]


def test_validate_only_estimates_and_queues_nothing(client: AppClient, job: dict[str, Any]) -> None:
    response = client.post("/v1/jobs", json={**job, "validate_only": True})
    assert response.status_code == 200, response.text
    verdict = response.json()
    assert verdict["object"] == "job_validation"
    assert verdict["estimate"]["steps_total"] == STEPS_TOTAL
    assert verdict["estimate"]["peak_memory_bytes"] > 0
    assert verdict["model"]["output_shape"] == [10]
    assert "validate_only" not in verdict["definition"]
    assert client.get("/v1/jobs").json()["data"] == []


def test_epochs_between_two_evaluations_can_be_counted(client: AppClient, job: dict[str, Any]) -> None:
    evaluate = {"split": "test", "every": 3}
    shown = client.post("/v1/jobs", json={**job, "evaluate": evaluate}).json()
    assert shown["definition"]["evaluate"] == evaluate
    for wrong in (0, -1, 2**31, 1.5, True, "step", None, {"epoch": 1}, [1]):
        refused = client.post("/v1/jobs", json={**job, "evaluate": {"split": "test", "every": wrong}})
        assert_problem(refused, 422, "invalid_definition", "/evaluate/every")


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"epochs": -1}, ["/epochs"]),
        ({"epochs": 10**18}, ["/epochs"]),
        ({"epochs": 1.0}, ["/epochs"]),
        ({"epochs": True}, ["/epochs"]),
        ({"batch_size": 0}, ["/batch_size"]),
        ({"seed": -1}, ["/seed"]),
        ({"shuffle": "yes"}, ["/shuffle"]),
        ({"name": ""}, ["/name"]),
        ({"name": "two\nlines"}, ["/name"]),
        ({"device": "tpu"}, ["/device"]),
        ({"dataset": "mnist"}, ["/dataset"]),
        ({"dataset": {"name": "nope"}}, ["/dataset/name"]),
        ({"dataset": {"name": "mnist", "split": "train"}}, ["/dataset/split"]),
        ({"model": "mdl_0000"}, ["/model"]),
        ({"model": 3}, ["/model"]),
        ({"model": None}, ["/model"]),
        ({"loss": "CrossEntropyLoss"}, ["/loss"]),
        ({"checkpoint": {"every_steps": 0}}, ["/checkpoint/every_steps"]),
        ({"epoch": 3, "epochs": "ten"}, ["/epoch", "/epochs"]),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "",
)
@ON_SQLITE
def test_a_fault_of_type_or_range_names_its_place(
    client: AppClient, job: dict[str, Any], change: dict[str, Any], places: list[str]
) -> None:
    assert_problem(client.post("/v1/jobs", json={**job, **change}), 422, "invalid_request", *places)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"loss": {"type": "CrossEntropy"}}, "/loss/type"),
        ({"optimizer": {"type": "SGD", "lr": -1.0}}, "/optimizer/lr"),
        ({"optimizer": {"type": "SGD", "lr": 0.1, "speed": 3}}, "/optimizer/speed"),
        ({"metrics": ["beauty"]}, "/metrics/0"),
        ({"evaluate": {"split": "validation"}}, "/evaluate/split"),
        ({"transforms": [{"type": "ToTensor"}, {"type": "Sharpen"}]}, "/transforms/1/type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@ON_SQLITE
def test_a_fault_of_meaning_names_its_place(
    client: AppClient, job: dict[str, Any], change: dict[str, Any], place: str
) -> None:
    problem = assert_problem(client.post("/v1/jobs", json={**job, **change}), 422, "invalid_definition")
    assert place in [error["pointer"] for error in problem["errors"]]


@ON_SQLITE
def test_faults_of_form_and_of_meaning_are_told_together(client: AppClient, job: dict[str, Any]) -> None:
    job["model"]["layers"][1]["out_features"] = -1
    job["optimizer"]["lr"] = -1
    del job["epochs"], job["loss"]
    job |= {"epoch": 3, "batch_size": 0, "metrics": ["beauty"], "evaluate": {"split": 3, "every": "step"}}
    problem = assert_problem(
        client.post("/v1/jobs", json=job),
        422,
        "invalid_request",
        "/batch_size",
        "/epoch",
        "/epochs",
        "/evaluate/every",
        "/evaluate/split",
        "/loss",
        "/metrics/0",
        "/model/layers/1/out_features",
        "/optimizer/lr",
    )
    told = {error["pointer"]: error["detail"] for error in problem["errors"]}
    assert told["/epoch"].endswith('did you mean "epochs"?')
    assert told["/optimizer/lr"] == "lr is -1; it must be at least 0"


def test_a_fault_in_the_inline_model_is_placed_under_it(client: AppClient, job: dict[str, Any]) -> None:
    job["model"]["layers"][3]["in_features"] = 100
    problem = assert_problem(
        client.post("/v1/jobs", json=job), 422, "invalid_definition", "/model/layers/3/in_features"
    )
    assert "128" in problem["errors"][0]["detail"]


def test_missing_fields_are_all_named(client: AppClient) -> None:
    assert_problem(
        client.post("/v1/jobs", json={}),
        422,
        "invalid_request",
        "/model",
        "/dataset",
        "/loss",
        "/optimizer",
        "/epochs",
        "/batch_size",
    )


def test_a_dataset_in_preparation_is_to_be_waited_for(client: AppClient, job: dict[str, Any]) -> None:
    response = client.post("/v1/jobs", json={**job, "dataset": {"name": "digits"}})
    assert_problem(response, 409, "dataset_not_ready", "/dataset/name")
    assert response.headers["retry-after"] == "1"


def test_an_unavailable_dataset_says_why(client: AppClient, store: Store, job: dict[str, Any]) -> None:
    with store.write() as session:
        datasets.make_unavailable(session, "digits", "scikit-learn is not installed")
    problem = assert_problem(
        client.post("/v1/jobs", json={**job, "dataset": {"name": "digits"}}),
        422,
        "invalid_request",
        "/dataset/name",
    )
    assert "scikit-learn" in problem["errors"][0]["detail"]


def test_the_doorbell_rings_after_the_commit(
    app: FastAPI, client: AppClient, store: Store, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def ring(task: str, name: str) -> bool:
        with store.read() as session:
            heard.append((task, jobs.get(session, name).state))
        return True

    monkeypatch.setattr(app.state.context.doorbell, "ring", ring)
    client.post("/v1/jobs", json=job)
    assert heard == [(RUN_JOB, "queued")]


def test_a_broken_doorbell_does_not_fail_the_submission(
    app: FastAPI, client: AppClient, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ring(task: str, name: str) -> bool:
        raise RuntimeError("the bell has come off the wall")

    monkeypatch.setattr(app.state.context.doorbell, "ring", ring)
    assert client.post("/v1/jobs", json=job).status_code == 201


def test_a_commit_that_fails_is_not_answered_with_success(
    client: AppClient, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def submit(session: Any, new: Any) -> str:
        raise OperationalError("COMMIT", {}, Exception("database is locked"))

    monkeypatch.setattr(jobs, "submit", submit)
    response = client.post("/v1/jobs", json=job)
    assert_problem(response, 503, "database_unavailable")
    assert response.headers["retry-after"] == "1"
    assert client.get("/v1/jobs").json()["data"] == []


def test_a_queued_job_is_cancelled_at_once(client: AppClient, submit: Any) -> None:
    job_id = submit()
    response = client.post(f"/v1/jobs/{job_id}/cancel")
    assert response.status_code == 200
    shown = response.json()
    assert shown["state"] == "cancelled"
    assert shown["finished_at"] is not None
    assert shown["queue_position"] is None


def test_a_running_job_is_asked_to_end_as_often_as_one_likes(
    client: AppClient, store: Store, submit: Any
) -> None:
    job_id = submit()
    start(store, job_id)
    for _ in range(2):
        response = client.post(f"/v1/jobs/{job_id}/cancel", json={})
        assert response.json()["state"] == "cancelling"


def test_a_finished_job_cannot_be_cancelled(client: AppClient, store: Store, submit: Any) -> None:
    job_id = submit()
    fail(store, start(store, job_id))
    problem = assert_problem(client.post(f"/v1/jobs/{job_id}/cancel"), 409, "job_finished")
    assert "failed" in problem["detail"]


@pytest.mark.parametrize(
    "job_id", ["job_0", "job_00000000000000000000000", "nope", "job_%00", "job_" + "a" * 400]
)
def test_cancelling_what_is_not_there_is_a_404(client: AppClient, job_id: str) -> None:
    assert_problem(client.post(f"/v1/jobs/{job_id}/cancel"), 404, "job_not_found")


def test_cancel_takes_no_fields(client: AppClient, submit: Any) -> None:
    response: httpx.Response = client.post(f"/v1/jobs/{submit()}/cancel", json={"force": True})
    assert_problem(response, 422, "invalid_request", "/force")
