"""`kiln up` as a real process, with the real broker and stand-ins for our own processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.tensorkiln.processes import cleared_away, lives, wait_for
from tests.tensorkiln.stack import fakes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Up:
    """A running `kiln up`."""

    def __init__(self, process: "subprocess.Popen[str]", home: Path) -> None:
        self.process = process
        self.home = home
        self.ready: dict[str, Any] = {}

    @property
    def log(self) -> str:
        return (self.home / "logs" / "kiln.log").read_text()

    def pids(self) -> list[int]:
        """Of all processes whose environment or title names this home (the broker writes its title over
        its environment), less `kiln up` itself."""
        mark, title = f"KILN_HOME={self.home}\0".encode(), f"{self.home}/".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                named = (
                    mark in (folder / "environ").read_bytes() or title in (folder / "cmdline").read_bytes()
                )
                if named and lives(int(folder.name)):
                    found.append(int(folder.name))
            except OSError:
                continue
        return [pid for pid in found if pid != self.process.pid]

    def pid_of(self, name: str) -> int:
        return int(re.findall(rf"{name} pid (\d+)", self.log)[-1])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send the signal and wait for the end; how long that took in seconds."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began


@contextmanager
def running(home: Path, environment: Mapping[str, str], *arguments: str, ready: bool = True) -> Iterator[Up]:
    with subprocess.Popen(
        fakes.up(home, "--json", *arguments),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        up = Up(process, home)
        try:
            if ready:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, process.communicate()[1]
                up.ready = json.loads(line)
            yield up
        finally:
            with cleared_away(up.pids()):
                process.kill()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return fakes.plant(tmp_path / "fakes")


def test_it_is_ready_with_all_its_processes_and_a_note_for_clients(
    home: Path, environment: dict[str, str]
) -> None:
    with running(home, environment, "--workers", "2") as up:
        assert len(up.pids()) == 4  # broker, API, two workers
        assert httpx.get(f"{up.ready['url']}/readyz").text == f"unix://{home}/broker/redis.sock"
        note = json.loads((home / "run" / "kiln.json").read_text())
        assert note == {name: up.ready[name] for name in ("pid", "url", "started_at", "version")}
        assert note["pid"] == up.process.pid
        assert (home / "run" / "kiln.json").stat().st_mode & 0o022 == 0
        assert "migrate | database at revision 1" in up.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order_and_soon(
    home: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    with running(home, environment) as up:
        pids = up.pids()
        assert up.stop(number) < 3
        assert up.process.returncode == 0
        assert not any(map(lives, pids))
        assert not (home / "run" / "kiln.json").exists()
        assert not (home / "broker" / "redis.sock").exists()
        assert "killed" not in up.log
        assert "nothing is left running" in up.process.communicate()[1]


def test_who_does_not_stop_is_killed_within_five_seconds(home: Path, tmp_path: Path) -> None:
    with running(home, fakes.plant(tmp_path / "fakes", worker=fakes.STUBBORN)) as up:
        wait_for(lambda: "worker pid" in up.log, 10, "the worker is up")
        pids = up.pids()
        assert 3 < up.stop() < 5
        assert up.process.returncode == 0
        assert not any(map(lives, pids))
        assert "worker does not stop by itself" in up.log


def test_a_second_signal_ends_it_at_once(home: Path, tmp_path: Path) -> None:
    with running(home, fakes.plant(tmp_path / "fakes", worker=fakes.STUBBORN)) as up:
        wait_for(lambda: "worker pid" in up.log, 10, "the worker is up")
        pids = up.pids()
        up.process.send_signal(signal.SIGINT)
        wait_for(lambda: "stopping" in up.log, 5, "it has begun to stop")
        assert up.stop(signal.SIGINT) < 2
        assert not any(map(lives, pids))


def test_no_process_outlives_a_killed_kiln_and_the_next_one_starts(home: Path, tmp_path: Path) -> None:
    environment = fakes.plant(tmp_path / "fakes", worker=fakes.STUBBORN)
    with running(home, environment) as up:
        wait_for(lambda: "worker pid" in up.log, 10, "the worker is up")
        pids = up.pids()
        assert len(pids) == 3
        up.process.kill()
        up.process.wait()
        with running(home, environment) as again:  # at once: it waits until the old ones are gone
            assert not any(map(lives, pids))
            assert again.ready["url"] != up.ready["url"]
            again.stop()
            assert "ended without cleaning up" in again.process.communicate()[1]


def test_a_second_kiln_on_the_same_home_says_who_is_there_and_touches_nothing(
    home: Path, environment: dict[str, str]
) -> None:
    with running(home, environment) as up:
        wait_for(lambda: "worker pid" in up.log, 10, "the worker is up, and writes no more")
        before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
        second = subprocess.run(fakes.up(home), env=environment, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"pid {up.process.pid}, {up.ready['url']}" in second.stderr
        assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
        assert httpx.get(f"{up.ready['url']}/readyz").status_code == 200


def test_a_killed_child_is_started_again(home: Path, environment: dict[str, str]) -> None:
    with running(home, environment) as up:
        pid = up.pid_of("api")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: up.pid_of("api") != pid, 10, "another API is up")
        assert "api was killed by SIGKILL" in up.log
        wait_for(lambda: _answers(up.ready["url"]), 10, "it answers at the same address")
        broker = next(pid for pid in up.pids() if b"valkey" in _line(pid) or b"redis" in _line(pid))
        os.kill(broker, signal.SIGKILL)
        wait_for(lambda: "broker was killed" in up.log, 10, "the broker's death is noticed")
        wait_for(lambda: len(up.pids()) == 3, 10, "the broker is back")
        assert up.stop() < 3


def _line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    ("part", "told"), [("migrations", "migrate exited with 1"), ("api", "api does not stay up")]
)
def test_what_cannot_start_ends_it_all_with_the_reason(
    home: Path, tmp_path: Path, part: str, told: str
) -> None:
    environment = fakes.plant(tmp_path / "fakes", **{part: fakes.FAILING})
    with running(home, environment, ready=False) as up:
        out, err = up.process.communicate(timeout=30)
        assert (up.process.returncode, out) == (1, "")
        assert told in err
        assert "the very reason" in err
        assert "Traceback" not in err
        assert not up.pids()


@pytest.mark.parametrize("settings", [{"KILN_WORKER_CONCURRENCY": "-1"}, {"KILN_PORT": "x"}])
def test_a_bad_setting_is_one_line_and_2(home: Path, settings: dict[str, str]) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KILN_")}
    command = [sys.executable, "-m", "tensorkiln.cli", "up", "--home", str(home)]
    done = subprocess.run(command, env={**kept, **settings}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"kiln: {next(iter(settings))}")


def test_a_taken_port_is_told(home: Path, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with running(home, environment, "--port", port, ready=False) as up:
            _, err = up.process.communicate(timeout=30)
    assert up.process.returncode == 1
    assert f"port {port}" in err
    assert not up.pids()


def test_a_broker_of_ones_own_is_used_and_none_is_started(home: Path, environment: dict[str, str]) -> None:
    environment["KILN_REDIS_URL"] = "redis://:secret@127.0.0.1:1/0"
    with running(home, environment) as up:
        assert httpx.get(f"{up.ready['url']}/readyz").text == environment["KILN_REDIS_URL"]
        assert len(up.pids()) == 2
        up.stop()
        assert "secret" not in up.process.communicate()[1] + up.log


def test_a_folder_of_the_users_own_is_not_taken_for_ours(
    home: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "project" / "service").mkdir(parents=True)
    (tmp_path / "project" / "service" / "__main__.py").write_text("raise SystemExit('not ours')")
    kiln = str(Path(sys.executable).with_name("kiln"))
    with subprocess.Popen(
        [kiln, "up", "--json", "--port", "0", "--home", str(home)],
        cwd=tmp_path / "project",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        assert line, process.communicate()[1]


def test_quiet_leaves_the_log_in_its_file(home: Path, environment: dict[str, str]) -> None:
    with running(home, environment, "--quiet") as up:
        wait_for(lambda: "worker pid" in up.log, 10, "the worker is up")
        up.stop()
        assert up.process.communicate()[1] == ""


def test_exposure_beyond_this_machine_is_warned_of(home: Path, environment: dict[str, str]) -> None:
    with running(home, environment, "--host", "0.0.0.0", "--quiet") as up:
        assert up.ready["url"].startswith("http://127.0.0.1:")
        up.stop()
        assert "without a password" in up.process.communicate()[1]
