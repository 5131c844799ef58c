"""Runners: kept warm, replaced, and never left behind."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.stacks import wait_for
from tests.workers.processes import children, is_alive
from workers.nursery import Nursery, Runner, RunnerDied

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
ROOT = Path(__file__).parents[2]


def _runners() -> list[int]:
    return children(os.getpid(), "-m workers.runner ")


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _take(nursery: Nursery) -> Runner:
    runner = nursery.take(lambda: True)
    assert runner is not None
    return runner


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery(1)
    nursery.start()
    yield nursery
    nursery.close()
    assert _runners() == []


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the engine, in the runners' eyes: the file to be imported in its place."""
    (tmp_path / "engine").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path / "engine" / "__init__.py"


def test_a_spare_is_ready_before_it_is_asked_for_and_replaced_afterwards(nursery: Nursery) -> None:
    wait_for(nursery.engine_report, 30, "the spare is ready")
    [spare] = _runners()
    runner = _take(nursery)
    assert runner.pid == spare
    wait_for(lambda: len(_runners()) == 2, 30, "there is another spare")
    runner.kill()
    assert nursery.engine_report()["devices"]


def test_a_spare_that_has_died_is_not_handed_out(nursery: Nursery) -> None:
    wait_for(nursery.engine_report, 30, "the spare is ready")
    [spare] = _runners()
    before = _descriptors()
    os.kill(spare, signal.SIGKILL)
    # its first thread alone being dead does not let anybody wait for the process yet
    wait_for(lambda: _threads(spare) <= 1 and _state(spare) in ("Z", ""), 5, "it is dead")
    runner = _take(nursery)
    assert runner.pid != spare
    assert runner.alive
    runner.kill()
    wait_for(lambda: len(_runners()) == 1, 30, "there is another spare")
    assert not is_alive(spare)
    wait_for(lambda: _descriptors() == before, 10, "the dead one's pipes are closed")


def test_killing_a_runner_leaves_no_process_not_even_a_zombie(nursery: Nursery) -> None:
    runner = _take(nursery)
    runner.kill()
    runner.kill()
    assert not is_alive(runner.pid)


def test_a_runner_that_has_ended_is_told_by_receive_after_its_last_words(nursery: Nursery) -> None:
    runner = _take(nursery)
    os.kill(runner.pid, signal.SIGKILL)
    runner.send("stop", save=False)
    with pytest.raises(RunnerDied, match="SIGKILL"):
        wait_for(lambda: runner.receive(1), 10, "never: it has died")
    runner.kill()


def test_closing_ends_the_runners_that_are_out(nursery: Nursery) -> None:
    runner = _take(nursery)
    nursery.close()
    wait_for(lambda: _state(runner.pid) in ("Z", ""), 5, "the runner has ended with its thread")
    runner.kill()


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_an_engine_that_cannot_be_imported_fails_each_job_and_leaks_nothing(engine: Path) -> None:
    engine.write_text("raise ImportError('broken')")
    nursery = Nursery(1)
    nursery.start()
    try:
        with pytest.raises(RunnerDied, match="status 1"):
            _take(nursery)
        before = _descriptors()
        for _ in range(2):
            with pytest.raises(RunnerDied, match="status 1"):
                _take(nursery)
        assert _descriptors() == before
        assert _runners() == []
    finally:
        nursery.close()


def test_closing_does_not_wait_for_a_runner_that_never_gets_ready(engine: Path) -> None:
    engine.write_text("import threading\nthreading.Event().wait()")
    nursery = Nursery(1)
    nursery.start()
    outcome: list[BaseException] = []

    def take() -> None:
        try:
            nursery.take(lambda: True)
        except RunnerDied as death:
            outcome.append(death)

    waiting = threading.Thread(target=take)
    waiting.start()
    wait_for(_runners, 10, "a runner is started")
    closing = threading.Thread(target=nursery.close)
    closing.start()
    for thread in (closing, waiting):
        thread.join(10)
        assert not thread.is_alive()
    assert outcome
    assert _runners() == []


def test_whoever_no_longer_wants_a_runner_need_not_wait_for_it(engine: Path) -> None:
    engine.write_text("import threading\nthreading.Event().wait()")
    nursery = Nursery(1)
    nursery.start()
    try:
        assert nursery.take(lambda: False) is None
    finally:
        nursery.close()
