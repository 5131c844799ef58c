"""The `kiln` command as a process: what it prints where, and its exit status."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tensorkiln import __version__
from tests.tensorkiln.processes import wait_for
from tests.tensorkiln.scripted import Answer, ScriptedServer, job_json, stream

JOB = {"epochs": 1, "optimizer": {"lr": -1}}
DONE = {"state": "succeeded", "finished_at": "2026-11-23T09:31:01.123Z", "metrics": {"test_accuracy": 0.9}}


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KILN_")}
    return {**kept, "KILN_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"}


def _kiln(
    folder: Path, *arguments: str, stdin: str = "", **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tensorkiln.cli", *arguments],
        cwd=folder,
        env={**_environment(folder / "home"), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _page(*jobs: dict[str, Any]) -> Answer:
    return Answer.json({"data": list(jobs), "first_id": None, "last_id": None, "has_more": False})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "job.json").write_text(json.dumps(JOB, indent=1))
    return tmp_path


def test_the_version_is_data(folder: Path) -> None:
    done = _kiln(folder, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"kiln {__version__}\n", "")


def test_the_help_tells_commands_and_exit_statuses(folder: Path) -> None:
    done = _kiln(folder, "--help")
    assert done.returncode == 0
    for word in ("up", "demo", "jobs", "doctor", "Exit status", "130"):
        assert word in done.stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["jobs", "watch"], ["up", "--port", "x"]])
def test_a_wrong_command_line_is_2(folder: Path, arguments: list[str]) -> None:
    done = _kiln(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage" in done.stderr


def test_submit_prints_the_id_alone_on_stdout(folder: Path, server: ScriptedServer) -> None:
    server.on("POST", "/v1/jobs", Answer.json(job_json(state="queued", queue_position=3), 201))
    done = _kiln(folder, "jobs", "submit", "job.json", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, "job_1\n")
    assert "place 3" in done.stderr
    assert json.loads(server.asked[0].body) == JOB


def test_submit_reads_standard_input_and_prints_json(folder: Path, server: ScriptedServer) -> None:
    server.on("POST", "/v1/jobs", Answer.json(job_json(), 201))
    done = _kiln(folder, "jobs", "submit", "-", "--json", stdin='{"epochs": 3}', KILN_URL=server.url)
    assert json.loads(done.stdout) == job_json()
    assert json.loads(server.asked[0].body) == {"epochs": 3}


def test_a_file_that_is_no_json_is_2_with_line_and_column(folder: Path, server: ScriptedServer) -> None:
    (folder / "job.json").write_text('{"epochs": 1,\n "seed": }')
    done = _kiln(folder, "jobs", "submit", "job.json", "--url", server.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "job.json:2:10: not JSON" in done.stderr
    assert server.asked == []


def test_a_refused_job_is_1_with_each_problem_at_its_place(folder: Path, server: ScriptedServer) -> None:
    errors = [{"pointer": "/optimizer/lr", "detail": "must be above 0"}]
    server.on("POST", "/v1/jobs", Answer.problem(422, "invalid_request", errors))
    done = _kiln(folder, "jobs", "submit", "job.json", "--url", server.url, "--json")
    assert done.returncode == 1
    assert "job.json:4:9: /optimizer/lr: must be above 0" in done.stderr
    assert json.loads(done.stdout)["errors"] == errors


def test_validate_only_prints_the_estimate(folder: Path, server: ScriptedServer) -> None:
    estimate = {"parameters": 9610, "steps_total": 90, "flops_total": 1.5e9, "peak_memory_bytes": 2_000_000}
    server.on("POST", "/v1/jobs", Answer.json({"definition": {}, "model": {}, "estimate": estimate}))
    done = _kiln(folder, "jobs", "submit", "job.json", "--validate-only", "--url", server.url)
    assert done.stdout == "valid: 9,610 parameters, 90 steps, 1.5e+09 FLOPs, 2.0 MB of memory\n"


def test_list_is_a_table_or_json(folder: Path, server: ScriptedServer) -> None:
    server.on("GET", "/v1/jobs", _page(job_json(), job_json(id="job_2", **DONE)))
    table = _kiln(folder, "jobs", "list", "--url", server.url).stdout.splitlines()
    assert [line.split()[:2] for line in table] == [
        ["ID", "STATE"],
        ["job_1", "running"],
        ["job_2", "succeeded"],
    ]
    listed = json.loads(_kiln(folder, "jobs", "list", "--json", "--url", server.url).stdout)
    assert [job["id"] for job in listed] == ["job_1", "job_2"]


def test_an_empty_list_is_nothing_on_stdout(folder: Path, server: ScriptedServer) -> None:
    server.on("GET", "/v1/jobs", _page())
    done = _kiln(folder, "jobs", "list", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no jobs yet" in done.stderr


@pytest.mark.parametrize(("ending", "status"), [(DONE, 0), ({"state": "cancelled"}, 1)])
def test_watch_ends_as_the_job_did(
    folder: Path, server: ScriptedServer, ending: dict[str, Any], status: int
) -> None:
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json()), Answer.json(job_json(**ending)))
    server.on("GET", "/v1/jobs/job_1/stream", stream(("done", 1, {})))
    server.on("GET", "/v1/jobs/job_1/metrics", Answer.json({"total_points": 0, "data": []}))
    done = _kiln(folder, "jobs", "watch", "job_1", "--json", "--url", server.url)
    assert done.returncode == status
    assert json.loads(done.stdout)["state"] == ending["state"]
    assert ending["state"] in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_watching_but_not_the_job(
    folder: Path, server: ScriptedServer, number: signal.Signals, status: int
) -> None:
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json()))
    whole = stream(("status", 1, {"state": "running"}))
    waiting = Answer(200, whole.body, {**whole.headers, "Content-Length": "9999"})  # and then nothing more
    server.on("GET", "/v1/jobs/job_1/stream", waiting)
    command = [sys.executable, "-m", "tensorkiln.cli", "jobs", "watch", "job_1", "--url", server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "running\n"
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert (process.returncode, out) == (status, "")
    assert "Traceback" not in err
    assert not server.asked_for("/v1/jobs/job_1/cancel")


def test_show_tells_how_a_job_stands_and_why(folder: Path, server: ScriptedServer) -> None:
    error = {"code": "non_finite", "message": "the loss became NaN", "param": None, "category": "user"}
    failed = job_json(state="failed", error=error, metrics={"train_loss": 2.5})
    server.on("GET", "/v1/jobs/job_1", Answer.json(failed))
    shown = _kiln(folder, "jobs", "show", "job_1", "--url", server.url).stdout
    lines = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert lines["Job"] == "job_1"
    assert lines["State"] == "failed: the loss became NaN"
    assert lines["Error"] == "non_finite"
    assert lines["Progress"] == "epoch 1/2, step 3/20 (15%)"
    assert lines["Metrics"] == "train loss 2.5000"
    assert "Weights" not in lines
    sent = _kiln(folder, "jobs", "show", "job_1", "--json", "--url", server.url).stdout
    assert json.loads(sent) == failed


def test_what_the_service_advises_is_told_in_the_words_of_the_command_line(
    folder: Path, server: ScriptedServer
) -> None:
    unknown = {"title": "No", "status": 404, "detail": "No job has this id; GET /v1/jobs lists them."}
    server.on("GET", "/v1/jobs/job_9", Answer.json(unknown, 404))
    faults = [{"pointer": "/epochs", "detail": "too few"}, {"pointer": "/seed", "detail": "too big"}]
    many = {"title": "No", "status": 422, "detail": "Faults; `errors` lists them all.", "errors": faults}
    server.on("POST", "/v1/jobs", Answer.json(many, 422))
    done = _kiln(folder, "jobs", "show", "job_9", "--url", server.url)
    assert done.returncode == 1
    assert "kiln jobs list` lists them" in done.stderr
    done = _kiln(folder, "jobs", "submit", "job.json", "--url", server.url)
    assert done.stderr.startswith("kiln: 2 faults:\njob.json:")


def test_cancel_prints_the_new_state(folder: Path, server: ScriptedServer) -> None:
    refusal = Answer.problem(409, "job_finished")
    server.on("POST", "/v1/jobs/job_1/cancel", Answer.json(job_json(state="cancelling"), 202), refusal)
    done = _kiln(folder, "jobs", "cancel", "job_1", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, "cancelling\n")
    again = _kiln(folder, "jobs", "cancel", "job_1", "--url", server.url)
    assert again.returncode == 1
    assert "job_finished" in again.stderr
    assert "req_1" in again.stderr


def test_download_prints_where_the_verified_file_lies(folder: Path, server: ScriptedServer) -> None:
    content = b"weights"
    sha256 = hashlib.sha256(content).hexdigest()
    weights = {"sha256": sha256, "size_bytes": len(content), "url": "/v1/jobs/job_1/weights"}
    server.on("GET", "/v1/jobs/job_1", Answer.json(job_json(**DONE, weights=weights)))
    server.on("GET", "/v1/jobs/job_1/weights", Answer(200, content))
    done = _kiln(folder, "jobs", "download", "job_1", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, "first.safetensors\n")
    assert (folder / "first.safetensors").read_bytes() == content
    assert sha256 in done.stderr
    done = _kiln(folder, "jobs", "download", "job_1", "-o", "named.safetensors", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, "named.safetensors\n")
    both = ("first.safetensors", "--out", "second.safetensors")
    assert _kiln(folder, "jobs", "download", "job_1", *both, "--url", server.url).returncode == 2


def test_an_unknown_job_is_1(folder: Path, server: ScriptedServer) -> None:
    server.on("GET", "/v1/jobs/job_9", Answer.problem(404, "job_not_found"))
    done = _kiln(folder, "jobs", "watch", "job_9", "--url", server.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "job_not_found" in done.stderr


def test_no_service_is_3_with_a_way_out(folder: Path) -> None:
    done = _kiln(folder, "jobs", "list", "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (3, "")
    assert "kiln up" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_fault(folder: Path, server: ScriptedServer) -> None:
    server.on("GET", "/v1/jobs", _page(*(job_json(id=f"job_{n}") for n in range(2000))))
    command = f"{sys.executable} -m tensorkiln.cli jobs list --limit 2000 --url {server.url} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=folder)
    assert done.stdout.startswith("ID")
    assert done.stderr == ""


def test_doctor_finds_what_is_there(folder: Path, server: ScriptedServer) -> None:
    system = {"version": __version__, "workers": [{}], "devices": ["cpu"]}
    server.on("GET", "/v1/system", Answer.json(system))
    done = _kiln(folder, "doctor", "--json", "--url", server.url)
    found = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert {"python", "platform", "packages", "engine", "broker", "home", "disk", "mnist", "service"} <= set(
        found
    )
    assert found["service"]["verdict"] == found["broker"]["verdict"] == found["engine"]["verdict"] == "ok"
    assert found["mnist"]["verdict"] == "warn"
    assert found["native"]["verdict"] in ("ok", "info")  # training without it is no fault


@pytest.mark.parametrize(
    ("state", "verdict"), [("ready", "ok"), ("preparing", "info"), ("unavailable", "warn")]
)
def test_doctor_asks_the_service_for_mnist_where_one_runs(
    folder: Path, server: ScriptedServer, state: str, verdict: str
) -> None:
    server.on("GET", "/v1/system", Answer.json({"version": __version__, "workers": [{}], "devices": ["cpu"]}))
    mnist = {"name": "mnist", "state": state, "message": "the very reason"}
    server.on("GET", "/v1/datasets/mnist", Answer.json(mnist))
    done = _kiln(folder, "doctor", "--json", "--url", server.url)
    found = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert (found["mnist"]["verdict"], found["mnist"]["detail"]) == (
        verdict,
        f"{state} in the service: the very reason",
    )


def test_doctor_finds_mnist_in_any_usual_layout(folder: Path) -> None:
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{kind}-ubyte.gz").touch()
    done = _kiln(folder, "doctor", KILN_DATA_DIR=str(folder / "data"))
    assert f"mnist     {raw}" in done.stdout


def test_doctor_is_1_where_something_cannot_work(folder: Path) -> None:
    (folder / "file").touch()
    done = _kiln(folder, "doctor", "--home", str(folder / "file" / "home"))
    assert done.returncode == 1
    assert "fail" in done.stdout
    assert "-> choose another with --home" in done.stdout


def test_commands_do_not_wait_for_what_they_do_not_need() -> None:
    """numpy costs a fifth of a second that `kiln jobs list` need not pay."""
    ask = "import sys, tensorkiln.cli; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_waiting_helper_reports_by_name() -> None:
    with pytest.raises(AssertionError, match="the impossible"):
        wait_for(lambda: False, 0.01, "the impossible")
