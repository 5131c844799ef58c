"""A kiln of the demo's own: `kiln up` as a child on a leash, on a free port, with a home that is put away."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tensorkiln import leash
from tensorkiln.errors import KilnError
from tensorkiln.homes import home_path
from tensorkiln.stack.home import Home, HomeLock

_PREFIX = "kiln-demo-"
_READY_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 6.0  # `kiln up` itself takes at most 5
_STALE_S = 60.0


class DemoKiln:
    """Enter it to have a running service; leaving it ends every process, and removes a temporary home.

    home: None for a temporary one. What such a home downloads of MNIST goes into KILN_HOME/datasets, so
        that the next demo and `kiln up` find it there.
    log: where the service's log is left
    """

    def __init__(self, home: Path | None, log: Path) -> None:
        self._is_temporary = home is None
        self.home = Path(tempfile.mkdtemp(prefix=_PREFIX)) if home is None else home_path(home)
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        try:
            if self._is_temporary:
                _sweep()
                shared = home_path() / "datasets" / "mnist"
                shared.mkdir(parents=True, exist_ok=True)
                (self.home / "datasets").mkdir()
                (self.home / "datasets" / "mnist").symlink_to(shared)
            self.url = self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> str:
        """Start `kiln up` and wait for the line that it prints when ready; the URL. Raises KilnError."""
        up = [sys.executable, "-m", "tensorkiln.cli", "up", "--json", "--quiet"]
        process = subprocess.Popen(
            leash.command([*up, "--port", "0", "--home", str(self.home)]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C reaches the demo alone, which ends it in order
        )
        self._process = process
        assert process.stdout is not None
        assert process.stderr is not None
        # The pipe breaks when the process ends, by itself or by this timer: readline always returns.
        timer = threading.Timer(_READY_TIMEOUT_S, process.terminate)
        timer.daemon = True
        timer.start()
        try:
            line = process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            said = process.stderr.read().strip()
            raise KilnError(f"the service does not start:\n{said or 'it was not ready in time'}")
        return str(json.loads(line)["url"])

    def _end(self) -> None:
        process = self._process
        try:
            if process is not None:
                process.terminate()
                process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:  # whatever comes, also a second Ctrl-C
            if process is not None:
                # Its children hang on leashes of their own.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                for pipe in (process.stdout, process.stderr):
                    if pipe is not None:
                        pipe.close()
            with contextlib.suppress(OSError):
                shutil.copyfile(self.home / "logs" / "kiln.log", self._log)
            if self._is_temporary:
                shutil.rmtree(self.home, ignore_errors=True)


def _sweep() -> None:
    """Remove the temporary homes of demos that were killed: ours by owner, and locked by nobody."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = left.lstat()
            is_old = time.time() - found.st_mtime > _STALE_S
            if found.st_uid == os.getuid() and is_old and HomeLock.is_left(Home(left)):
                shutil.rmtree(left, ignore_errors=True)
