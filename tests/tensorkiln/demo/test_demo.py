"""`kiln demo` as a process: with stand-ins for what goes wrong, with the real parts for what goes right."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tensorkiln.demo.tasks import task
from tests.tensorkiln.processes import cleared_away, lives, wait_for
from tests.tensorkiln.stack import fakes

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
# A service whose only dataset never gets ready.
PREPARING = fakes.API.replace(
    'os.environ["KILN_REDIS_URL"].encode()', """b'{"name": "mnist", "state": "preparing"}'"""
)
FIELDS = ["status", "dataset", "epochs", "test_accuracy", "train_seconds", "job_id", "weights", "sha256"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The stand-ins, with a home and a temporary folder of the test's own."""
    (tmp_path / "tmp").mkdir()
    return {
        **fakes.plant(tmp_path / "fakes", api=PREPARING),
        "TMPDIR": str(tmp_path / "tmp"),
        "KILN_HOME": str(tmp_path / "home"),
    }


def _demo(out: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tensorkiln.demo", "--json", "--out", str(out), *arguments]


@contextmanager
def _running(
    folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """A demo that waits for its dataset, and the processes of its kiln."""
    with subprocess.Popen(
        _demo(folder / "out"),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        pids: list[int] = []
        try:
            assert process.stderr is not None
            wait_for(lambda: "service at" in process.stderr.readline(), 30, "its service is up")  # type: ignore[union-attr]  # it was started with a pipe
            pids += _processes_in(folder / "tmp")
            assert len(pids) == 4  # kiln up, broker, API, worker
            yield process, pids
        finally:
            with cleared_away([*pids, process.pid]):
                pass


def _processes_in(folder: Path) -> list[int]:
    """The processes whose environment or title names a home in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            named = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{folder}/kiln-demo-".encode() in named and lives(int(process.name)):
            found.append(int(process.name))
    return found


@linux_only
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_neither_processes_nor_a_home(
    tmp_path: Path, environment: dict[str, str], number: signal.Signals, status: int
) -> None:
    with _running(tmp_path, environment) as (process, pids):
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
        assert process.returncode == status
        assert not any(map(lives, pids))
        assert list((tmp_path / "tmp").iterdir()) == []
        assert "Traceback" not in err
        assert "ready at" in (tmp_path / "out" / "kiln.log").read_text()


@linux_only
def test_a_killed_demo_leaves_no_process_and_its_home_is_swept_later(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with _running(tmp_path, environment) as (process, pids):
        process.kill()
        process.wait()
        wait_for(lambda: not any(map(lives, pids)), 5, "every process is gone")
    [left] = (tmp_path / "tmp").iterdir()
    os.utime(left, (0, 0))  # it has been lying there for long
    with _running(tmp_path, environment) as (process, _):
        assert not left.exists()
        process.terminate()
        process.communicate(timeout=10)


def test_a_service_that_does_not_start_is_told_and_json_is_still_the_last_line(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    fakes.plant(tmp_path / "fakes", migrations=fakes.FAILING)
    done = subprocess.run(
        _demo(tmp_path / "out"), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the very reason" in done.stderr
    assert json.loads(done.stdout) == {**dict.fromkeys(FIELDS), "status": "failed"}
    assert list((tmp_path / "tmp").iterdir()) == []


def test_both_networks_are_the_two_layers_that_the_manual_shows() -> None:
    for dataset, pixels in (("mnist", 784), ("digits", 64)):
        layers = task(dataset)["model"]["layers"]
        assert [layer["type"] for layer in layers] == ["Flatten", "Linear", "ReLU", "Linear"]
        assert layers[1]["in_features"] == pixels
        assert task(dataset)["transforms"] == [{"type": "ToTensor"}]


@pytest.mark.slow
def test_the_demo_trains_on_digits_and_leaves_verified_weights(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KILN_")}
    environment = {**kept, "KILN_HOME": str(tmp_path / "home"), "KILN_DOWNLOAD": "false"}
    command = _demo(tmp_path / "out", "--home", str(tmp_path / "demo"))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert list(result) == FIELDS
    assert (result["status"], result["dataset"]) == ("succeeded", "digits")
    assert result["test_accuracy"] >= 0.95
    weights = Path(result["weights"])
    assert weights.parent == tmp_path / "out"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == result["sha256"]
    assert load_file(weights)["fc1.weight"].shape == (128, 64)
    assert json.loads((tmp_path / "out" / "result.json").read_text())["id"] == result["job_id"]
    rows = (tmp_path / "out" / "loss.csv").read_text().splitlines()
    assert rows[0] == "step,loss"
    assert len(rows) > 100
    assert "KILN_DATA_DIR" in done.stderr  # why it was not MNIST
    assert "digits" in done.stderr
    assert "loss, by step" in done.stderr
    _send_again(tmp_path / "out" / "job.json", tmp_path / "demo", environment)


def _send_again(job: Path, home: Path, environment: Mapping[str, str]) -> None:
    """What the demo sent can be sent to another kiln as it is."""
    with subprocess.Popen(
        fakes.up(home, "--json"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            url = json.loads(up.stdout.readline())["url"]
            submit = [sys.executable, "-m", "tensorkiln.cli", "jobs", "submit", str(job), "--json"]
            sent = subprocess.run([*submit, "--url", url], capture_output=True, text=True, check=False)
            assert sent.returncode == 0, sent.stderr
            assert json.loads(sent.stdout)["definition"] == json.loads(job.read_text())
        finally:
            up.terminate()
            up.communicate(timeout=20)


def test_a_folder_that_cannot_be_made_is_told_without_naming_a_log(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(_demo(tmp_path / "file" / "out"), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert str(tmp_path / "file" / "out") in done.stderr
    assert "log" not in done.stderr
