import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tensorkiln.homes import running_kiln
from tensorkiln.stack.errors import HomeBusy, StackError
from tensorkiln.stack.home import Home, HomeLock
from tests.tensorkiln.processes import cleared_away, lives, wait_for

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from tensorkiln.stack.home import Home, HomeLock
lock = HomeLock.take(Home(Path(sys.argv[1])))
child = None
if "with-child" in sys.argv:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(sleeper, pass_fds=[lock.descriptor])
print(child.pid if child else 0, flush=True)
time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def _holder(home: Home, *arguments: str) -> tuple["subprocess.Popen[str]", int]:
    command = [sys.executable, "-c", HOLDER, str(home.path), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_only_one_kiln_holds_a_home_and_the_second_learns_who(home: Home) -> None:
    process, _ = _holder(home)
    with process:
        with pytest.raises(HomeBusy, match=f"pid {process.pid}, still starting"):
            HomeLock.take(home)
        home.write_note({"pid": process.pid, "url": "http://127.0.0.1:1", "started_at": "", "version": ""})
        with pytest.raises(HomeBusy, match=r"http://127\.0\.0\.1:1"):
            HomeLock.take(home)
        process.kill()


def test_a_killed_holder_leaves_the_home_free(home: Home) -> None:
    process, _ = _holder(home)
    with process:
        process.send_signal(signal.SIGKILL)
    HomeLock.take(home).release()


def test_a_released_home_can_be_taken_again(home: Home) -> None:
    HomeLock.take(home).release()
    lock = HomeLock.take(home)
    assert (home.run / "kiln.lock").read_text() == f"{os.getpid()}\n"
    lock.release()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_home_is_not_free_while_a_child_of_the_killed_kiln_lives(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorkiln.stack.home._DEATHBED_S", 0.3)
    process, child = _holder(home, "with-child")
    with process, cleared_away([child]):
        process.kill()
        process.wait()
        assert lives(child)
        with pytest.raises(HomeBusy, match="earlier kiln"):
            HomeLock.take(home)
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: not lives(child), 2, "the child is gone")
        HomeLock.take(home).release()


def test_the_home_is_its_owners_alone(home: Home) -> None:
    assert home.path.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_is_a_complaint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="--home"):
        Home(tmp_path / "file" / "home").prepare()


def test_the_note_is_read_by_clients_only_while_its_kiln_lives(home: Home) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    note = {"pid": os.getpid(), "url": "http://127.0.0.1:1", "started_at": "now", "version": "1"}
    home.write_note(note)
    running = running_kiln(home.path)
    assert running is not None
    assert running.url == note["url"]
    home.write_note({**note, "pid": gone.pid})
    assert running_kiln(home.path) is None
    home.note.write_text(json.dumps([1]))
    assert running_kiln(home.path) is None
    assert home.remove_note()
    assert not home.remove_note()
    assert running_kiln(home.path) is None
