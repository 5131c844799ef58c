"""A worker as the real process that it is."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from service.settings import Settings
from tests.journeys.stacks import wait_for


class Worker:
    """`python -m workers` on these settings, with its log kept; `with` ends it."""

    def __init__(self, settings: Settings, **environment: str) -> None:
        self.log_path = settings.home / "worker.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KILN_")},
            "KILN_HOME": str(settings.home),
            "KILN_DATABASE_URL": settings.database_url,
            "KILN_REDIS_URL": settings.redis_url,
            "KILN_DOWNLOAD": "false",
            "KILN_RECONCILE_S": "0.2",
            **environment,
        }

    def __enter__(self) -> Self:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers"],
                env=self._environment,
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        finally:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def wait_ready(self) -> None:
        wait_for(
            lambda: f"-{self.process.pid}-" in self.log or self.process.poll() is not None, 30, "it is ready"
        )
        assert self.process.poll() is None, self.log

    def end(self, *signals: signal.Signals, timeout_s: float = 8) -> int:
        """Send these signals, each when the one before has been heard; the exit status."""
        for number in signals:
            self._send(number)
        return self.process.wait(timeout_s)

    def _send(self, number: signal.Signals) -> None:
        heard = self.log.count("hutdown")
        if self.process.poll() is None:
            self.process.send_signal(number)
            wait_for(
                lambda: self.process.poll() is not None or self.log.count("hutdown") > heard, 10, "it hears"
            )


def children(pid: int, part: str) -> list[int]:
    """The live children of a process with this in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == pid and status[0] != "Z":
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [int(folder.name)] if part in line else []
        except OSError:
            continue  # it has just ended
    return found


def is_alive(pid: int) -> bool:
    """Whether there is such a process; a zombie counts as one."""
    return Path(f"/proc/{pid}").exists()
