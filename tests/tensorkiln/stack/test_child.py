"""Supervision, with small real processes."""

import asyncio
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tensorkiln.stack.child import Child, Restart
from tensorkiln.stack.errors import ChildFailed
from tensorkiln.stack.journal import Journal
from tests.tensorkiln.processes import lives, wait_for

QUICK = Restart(base_s=0.01, cap_s=0.05, immediate_s=5.0, limit=3)
UP = "print('up', flush=True)\n"


class Log:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path)

    @property
    def text(self) -> str:
        return self.path.read_text()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "kiln.log")
    yield log
    log.journal.close()


def _child(source: str, log: Log, restart: Restart = QUICK) -> Child:
    return Child("api", [sys.executable, "-c", source], dict(os.environ), log.journal, restart=restart)


async def _until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"not within 10 s: {what}"
        await asyncio.sleep(0.01)


def _run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work(), 20)

    asyncio.run(bounded())


def test_output_goes_into_the_log_line_by_line(log: Log) -> None:
    source = "import sys; print('a'); print('b' * 200_000); sys.stderr.write('no newline é')"
    _run(_child(source, log).run_once)
    assert "api     | a\n" in log.text
    assert "api     | bbb" in log.text
    assert "api     | no newline é\n" in log.text


def test_a_process_that_fails_is_told_with_its_last_lines(log: Log) -> None:
    source = "import sys\nfor n in range(50): print('line', n)\nsys.exit('the reason')"
    with pytest.raises(ChildFailed, match="exited with 1") as raised:
        _run(_child(source, log).run_once)
    assert raised.value.lines[-1] == "the reason"
    assert 10 <= len(raised.value.lines) <= 30


def test_a_process_that_dies_is_started_again_and_that_is_said(log: Log, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    source = f"""
import os, signal, time
with open({str(trace)!r}, "a") as file: file.write("x")
{UP}
if os.path.getsize({str(trace)!r}) < 3: os.kill(os.getpid(), signal.SIGSEGV)
time.sleep(60)
"""

    async def work() -> None:
        child = _child(source, log, Restart(base_s=0.01, limit=5))
        keeper = asyncio.create_task(child.keep_running())
        await _until(lambda: log.text.count("| up") == 3, "it is up for the third time")
        await child.stop(time.monotonic() + 5)
        await keeper

    _run(work)
    assert log.text.count("api was killed by SIGSEGV") == 2


def test_the_pause_between_deaths_doubles_up_to_its_cap(log: Log) -> None:
    restart = Restart(base_s=0.01, cap_s=0.04, immediate_s=5.0, limit=6)
    with pytest.raises(ChildFailed):
        _run(_child("raise SystemExit(3)", log, restart).keep_running)
    assert re.findall(r"again in ([\d.]+) s", log.text) == ["0.01", "0.02", "0.04", "0.04", "0.04"]


def test_after_too_many_deaths_in_a_row_it_gives_up_with_the_last_lines(log: Log) -> None:
    with pytest.raises(ChildFailed, match=r"died 3 times.*exited with 3") as raised:
        _run(_child("print('why'); raise SystemExit(3)", log).keep_running)
    assert raised.value.lines == ("why",)


def test_a_death_after_a_long_life_does_not_count_towards_giving_up(log: Log) -> None:
    async def work() -> None:
        restart = Restart(base_s=0.001, immediate_s=0.0, limit=2)  # every life is a long one
        child = _child("raise SystemExit(3)", log, restart)
        keeper = asyncio.create_task(child.keep_running())
        await _until(lambda: log.text.count("exited with 3") > 4, "it has died more often than the limit")
        await child.stop(time.monotonic() + 5)
        await keeper

    _run(work)


def test_a_polite_stop_lets_the_process_finish(log: Log) -> None:
    source = f"""
import signal, sys, time
signal.signal(15, lambda *_: (print("bye", flush=True), sys.exit(0)))
{UP}
time.sleep(60)
"""

    async def work() -> None:
        child = _child(source, log)
        keeper = asyncio.create_task(child.keep_running())
        await _until(lambda: "| up" in log.text, "it is up")
        await child.stop(time.monotonic() + 10)
        await keeper

    _run(work)
    assert "| bye" in log.text
    assert "killed" not in log.text


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_who_does_not_stop_is_killed_at_the_deadline_with_its_whole_group(log: Log) -> None:
    source = """
import signal, subprocess, sys, time
signal.signal(15, signal.SIG_IGN)  # which the grandchild inherits
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("grandchild", grandchild.pid, flush=True)
time.sleep(60)
"""
    took_s = 0.0

    async def work() -> None:
        nonlocal took_s
        child = _child(source, log)
        keeper = asyncio.create_task(child.keep_running())
        await _until(lambda: "grandchild" in log.text, "it is up")
        began = time.monotonic()
        await child.stop(began + 0.3)
        await keeper
        took_s = time.monotonic() - began
        assert child.pid is not None
        assert not lives(child.pid)

    _run(work)
    assert 0.3 <= took_s < 1.5
    assert "does not stop by itself" in log.text
    [pid] = re.findall(r"grandchild (\d+)", log.text)
    wait_for(lambda: not lives(int(pid)), 2, "the grandchild is gone")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_dead_process_leaves_in_its_group_is_killed(log: Log) -> None:
    source = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("left", left.pid, flush=True)
"""
    began = time.monotonic()
    _run(_child(source, log).run_once)
    [pid] = re.findall(r"left (\d+)", log.text)
    wait_for(lambda: not lives(int(pid)), 2, "the process left behind is gone")
    assert time.monotonic() - began < 10


def test_a_stop_during_the_pause_starts_nothing_again(log: Log) -> None:
    async def work() -> None:
        child = _child("raise SystemExit(3)", log, Restart(base_s=60.0, cap_s=60.0))
        keeper = asyncio.create_task(child.keep_running())
        await _until(lambda: "again in 60 s" in log.text, "it pauses")
        await child.stop(time.monotonic() + 5)
        await keeper

    began = time.monotonic()
    _run(work)
    assert time.monotonic() - began < 10


def test_a_child_is_in_a_session_of_its_own(log: Log) -> None:
    _run(_child("import os; print(os.getsid(0) == os.getpid() == os.getpgrp())", log).run_once)
    assert "| True" in log.text
