from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from tensorkiln import Client, Conflict, Job, JobFailed, KilnError, TimedOut
from tests.tensorkiln.scripted import Answer, ScriptedServer, job_json

PATH = "/v1/jobs/job_1"
DONE = {"state": "succeeded", "finished_at": "2026-11-23T09:31:01.123Z"}
FAILED = {
    "state": "failed",
    "error": {"code": "non_finite", "message": "the loss became NaN", "param": None, "category": "user"},
}


def _job(server: ScriptedServer, client: Client, *later: dict[str, Any]) -> Job:
    server.on("GET", PATH, *(Answer.json(job_json(**changes)) for changes in ({}, *later)))
    return client.jobs.get("job_1")


def test_a_job_is_typed(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client)
    assert job.created_at == datetime(2026, 11, 23, 9, 30, 0, 123000, UTC)
    assert job.progress.steps_total == 20
    assert job.status_history[0].state == "queued"
    assert not job.is_terminal


def test_refresh_updates_the_job_in_place(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client, DONE)
    assert job.refresh() is job
    assert job.state == "succeeded"
    assert job.to_dict()["state"] == "succeeded"


def test_wait_returns_when_the_job_has_succeeded(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client, {}, {}, DONE)
    assert job.wait(10, poll_s=0.01) is job
    assert job.is_terminal
    assert len(server.asked) == 4


@pytest.mark.parametrize("ending", [FAILED, {"state": "cancelled", "status_reason": "on request"}])
def test_wait_raises_when_the_job_ends_otherwise(
    server: ScriptedServer, client: Client, ending: dict[str, Any]
) -> None:
    job = _job(server, client, ending)
    with pytest.raises(JobFailed, match=r"NaN|on request") as raised:
        job.wait(10, poll_s=0.01)
    assert raised.value.job is job
    assert job.wait(10, check=False).state == ending["state"]


def test_wait_gives_up_at_its_deadline(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client)
    with pytest.raises(TimedOut, match="still running"):
        job.wait(0.05, poll_s=0.01)


def test_cancel_shows_the_new_state_and_a_finished_job_refuses(
    server: ScriptedServer, client: Client
) -> None:
    job = _job(server, client)
    refusal = Answer.problem(409, "job_finished")
    server.on("POST", f"{PATH}/cancel", Answer.json(job_json(state="cancelling"), 202), refusal)
    assert job.cancel().state == "cancelling"
    with pytest.raises(Conflict):
        client.jobs.cancel("job_1")


def _points(steps: range, total: int | None = None) -> Answer:
    data = [
        {
            "key": "loss",
            "step": step,
            "value": None if step == 2 else 1.0 / step,
            "timestamp": "2026-11-23T09:30:01.123Z",
            "epoch": 1,
            "attempt": 1,
        }
        for step in steps
    ]
    return Answer.json({"object": "metrics", "total_points": total or len(data), "data": data})


def test_a_curve_is_arrays(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client)
    server.on("GET", f"{PATH}/metrics", _points(range(1, 5), total=400))
    curve = job.curve("loss", points=4)
    assert server.asked[-1].query == {"key": "loss", "points": "4"}
    assert curve.steps.dtype == np.int64
    np.testing.assert_array_equal(curve.steps, [1, 2, 3, 4])
    np.testing.assert_array_equal(curve.values, [1.0, np.nan, 1 / 3, 0.25])
    assert (len(curve), curve.total_points) == (4, 400)


def test_a_curve_too_long_for_one_answer_is_read_in_windows(server: ScriptedServer, client: Client) -> None:
    progress = {"epoch": 2, "epochs": 2, "step": 250_000, "steps_total": 250_000, "fraction": 1.0}
    job = _job(server, client, {"progress": progress})
    errors = [{"pointer": "", "parameter": "points", "in": "query", "detail": "too many"}]
    refusal = Answer.problem(422, "invalid_request", errors)
    server.on(
        "GET", f"{PATH}/metrics", refusal, _points(range(1, 4)), _points(range(4, 6)), _points(range(6, 7))
    )
    curve = job.curve("loss")
    assert curve.steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert curve.total_points == 6
    windows = [
        (asked.query.get("step_from"), asked.query.get("step_to"))
        for asked in server.asked_for(f"{PATH}/metrics")
    ]
    assert windows == [(None, None), ("1", "100000"), ("100001", "200000"), ("200001", "250000")]


def test_events_are_read_to_their_end(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client)

    def page(seqs: range, has_more: bool) -> Answer:
        data = [
            {"seq": n, "type": "epoch", "at": "2026-11-23T09:30:01.123Z", "attempt": 1, "data": {"epoch": n}}
            for n in seqs
        ]
        return Answer.json({"data": data, "has_more": has_more})

    server.on("GET", f"{PATH}/events", page(range(1, 3), True), page(range(3, 4), False))
    events = job.events()
    assert [(event.seq, event.data["epoch"]) for event in events] == [(1, 1), (2, 2), (3, 3)]
    assert server.asked[-1].query["after"] == "2"


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        (FAILED, "job job_1 failed: the loss became NaN"),
        ({"state": "cancelled", "status_reason": "cancelled"}, "job job_1 was cancelled"),
        (
            {"state": "cancelled", "status_reason": "cancelled while queued"},
            "job job_1 was cancelled while queued",
        ),
        ({"state": "cancelled", "status_reason": "on request"}, "job job_1 was cancelled: on request"),
    ],
)
def test_an_end_without_success_is_one_english_sentence(
    server: ScriptedServer, client: Client, ending: dict[str, Any], told: str
) -> None:
    assert str(JobFailed(_job(server, client, ending).refresh())) == told


def test_who_asks_for_weights_that_are_not_there_is_told_why(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client, {}, FAILED)
    with pytest.raises(KilnError, match="has no weights: it is still running"):
        job.download_weights()
    with pytest.raises(KilnError, match="has no weights: it failed"):
        job.download_weights()


def test_an_unknown_metric_is_refused_with_those_that_there_are(
    server: ScriptedServer, client: Client
) -> None:
    job = _job(server, client, DONE)
    answer = {"object": "metrics", "keys": ["accuracy", "loss"], "total_points": 0, "data": []}
    server.on("GET", f"{PATH}/metrics", Answer.json(answer))
    with pytest.raises(KilnError, match="no metric 'lss'; it has accuracy, loss"):
        job.curve("lss")
    assert len(job.curve("test_loss")) == 0  # it may still come
    job.refresh()
    with pytest.raises(KilnError, match="no metric 'test_loss'"):
        job.points("test_loss")


def test_a_job_prints_as_one_short_line(server: ScriptedServer, client: Client) -> None:
    job = _job(server, client)
    assert str(job) == repr(job) == "<Job job_1 first running, epoch 1/2>"
