import io
import re

import pytest
from rich.console import Console

from tensorkiln import Client, Job
from tensorkiln.cli.watch import View, watch
from tests.tensorkiln.scripted import Answer, ScriptedServer, job_json, stream

AT = "2026-11-23T09:30:{:02}.000Z"


def _status(seq: int, state: str, reason: str | None = None) -> tuple[str, int, dict[str, object]]:
    return "status", seq, {"state": state, "reason": reason, "at": AT.format(seq), "attempt": 1}


def _metrics(seq: int, step: int) -> tuple[str, int, dict[str, object]]:
    columns = [
        {"key": "loss", "steps": [step], "values": [1.0 / step], "epochs": [1]},
        {"key": "accuracy", "steps": [step], "values": [None], "epochs": [1]},
    ]
    progress = {"epoch": 1, "epochs": 2, "step": step, "steps_total": 20}
    return "metrics", seq, {"columns": columns, "progress": progress, "attempt": 1}


def _epoch(seq: int, epoch: int) -> tuple[str, int, dict[str, object]]:
    metrics = {"train_loss": 0.5 / epoch, "test_accuracy": 0.9}
    return "epoch", seq, {"epoch": epoch, "metrics": metrics, "at": AT.format(seq), "attempt": 1}


EVENTS = (
    _status(1, "queued"),
    _status(2, "running"),
    _metrics(3, 10),
    _epoch(4, 1),
    _metrics(5, 20),
    _epoch(6, 2),
    _status(7, "succeeded"),
    ("done", 8, {"state": "succeeded"}),
)
END = {"state": "succeeded", "finished_at": "2026-11-23T09:30:31.123Z", "metrics": {"test_accuracy": 0.9321}}


@pytest.fixture
def job(server: ScriptedServer, client: Client) -> Job:
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json(state="queued")), Answer.json(job_json(**END)))
    server.on("GET", "/v1/jobs/job_1/stream", stream(*EVENTS))
    point = {"key": "loss", "timestamp": AT.format(1), "epoch": 1, "attempt": 1}
    points = [{**point, "step": step, "value": 1.0 / step} for step in range(1, 21)]
    metrics = {"total_points": 20, "data": points}
    server.on("GET", "/v1/jobs/job_1/metrics", Answer.json(metrics))
    return client.jobs.get("job_1")


def _watch(job: Job, *, terminal: bool) -> str:
    screen = io.StringIO()
    watch(job, Console(file=screen, force_terminal=terminal, width=100, highlight=False))
    return screen.getvalue()


def test_without_a_terminal_the_story_is_told_in_plain_lines(job: Job) -> None:
    text = _watch(job, terminal=False)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[:2] == ["queued", "running"]
    assert [line.split() for line in lines[2:5]] == [
        ["epoch", "train", "loss", "test", "accuracy", "time"],
        ["1/2", "0.5000", "0.9000", "2.0", "s"],
        ["2/2", "0.2500", "0.9000", "2.0", "s"],
    ]
    assert "loss, by step" in text
    assert any("⠁" <= sign <= "⣿" for sign in text)
    assert lines[-1] == "succeeded in 30 s, test accuracy 0.9321"
    assert job.is_terminal


def test_on_a_terminal_a_bar_shows_progress_loss_and_pace(job: Job) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, highlight=False)
    view = View(job, console)

    def shown() -> str:
        with console.capture() as captured:
            console.print(view)
        return captured.get()

    assert "queued" in shown()
    events = {event.seq: event for event in job.follow()}
    view.take(events[2])
    view.take(events[3])
    text = shown()
    assert "━" in text
    assert " 50%" in text
    assert "epoch 1/2   step 10/20   loss 0.1000\n" in re.sub(r"\x1b\[[\d;]*m", "", text)
    view.take(events[5])  # a second look makes a pace
    assert "steps/s" in shown()
    assert "left" in shown()


def test_the_bar_is_gone_when_the_job_has_ended(job: Job) -> None:
    text = _watch(job, terminal=True)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back
    assert text.rstrip().endswith("0.9321\x1b[0m")


def test_a_failed_job_ends_with_its_reason(server: ScriptedServer, client: Client) -> None:
    error = {"code": "non_finite", "message": "the loss became NaN", "param": None, "category": "user"}
    failed = job_json(state="failed", error=error, finished_at="2026-11-23T09:30:31.123Z")
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json()), Answer.json(failed))
    server.on("GET", "/v1/jobs/job_1/stream", stream(_status(1, "failed", "non_finite"), ("done", 2, {})))
    server.on("GET", "/v1/jobs/job_1/metrics", Answer.json({"total_points": 0, "data": []}))
    text = _watch(client.jobs.get("job_1"), terminal=False)
    assert text.splitlines()[-1] == "failed in 30 s: the loss became NaN"
