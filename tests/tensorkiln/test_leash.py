"""The leash, with real processes and real signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tensorkiln import leash
from tests.tensorkiln.processes import cleared_away, lives, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# A command that lasts, and that a SIGTERM does not impress.
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""

POLITE = STUBBORN.replace("signal.SIG_IGN", "lambda *_: exit(5)")

# A parent that starts the command on a leash, says its pid, and waits to be killed.
PARENT = """
import subprocess, sys, time
from tensorkiln import leash
child = subprocess.Popen(leash.command([sys.executable, "-c", {command!r}], stay={stay}),
                         start_new_session=True, stdout=subprocess.PIPE, text=True)
assert child.stdout.readline() == "up\\n"
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("stay", [False, True])
def test_the_command_dies_with_its_parent_that_is_killed(stay: bool) -> None:
    source = PARENT.format(command=STUBBORN, stay=stay)
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        family = [pid, *_children(pid)]
        with cleared_away(family):
            assert len(family) == (2 if stay else 1)  # the watcher stays beside its command
            assert all(lives(member) for member in family)
            parent.kill()
            parent.wait()
            wait_for(lambda: not any(map(lives, family)), 2, "the command is gone")


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def test_a_command_whose_parent_has_died_already_never_begins(tmp_path: Path) -> None:
    trace = tmp_path / "began"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    command = [sys.executable, "-m", "tensorkiln.leash", "--parent", str(gone.pid), "--", "touch", str(trace)]
    assert subprocess.run(command, check=False).returncode == leash.ORPHANED
    assert not trace.exists()


@pytest.mark.parametrize("stay", [False, True])
def test_exit_status_output_and_arguments_are_the_commands_own(stay: bool) -> None:
    source = "import sys; print(sys.argv[1:]); sys.exit(7)"
    command = leash.command([sys.executable, "-c", source, "--parent", "--", "a b"], stay=stay)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "['--parent', '--', 'a b']\n")


def test_the_command_takes_the_leashs_own_place() -> None:
    command = leash.command([sys.executable, "-c", "import os; print(os.getpid())"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.communicate()[0] == f"{process.pid}\n"


@pytest.mark.parametrize("stay", [False, True])
def test_signals_reach_the_command(stay: bool) -> None:
    command = leash.command([sys.executable, "-c", POLITE], stay=stay)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        try:
            assert process.wait(10) == 5
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("stay", [False, True])
def test_a_command_that_is_not_there_is_named(stay: bool) -> None:
    done = subprocess.run(leash.command(["/no/such"], stay=stay), capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "/no/such" in done.stderr


def test_without_a_command_the_usage_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tensorkiln.leash"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "usage" in done.stderr
