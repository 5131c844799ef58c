"""The API server as the real process that it is."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from service.settings import Settings
from service.store import Store

START_S = 30.0


class Server:
    """`python -m service` on a port of its own choice, with its log kept."""

    store: Store  # the test's own way into the server's database

    def __init__(self, settings: Settings, **environment: str) -> None:
        self.log_path = Path(settings.home) / "server.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KILN_")},
            "KILN_HOME": str(settings.home),
            "KILN_DATABASE_URL": settings.database_url,
            "KILN_REDIS_URL": settings.redis_url,
            "KILN_PORT": "0",
            **environment,
        }

    def __enter__(self) -> Self:
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service"],
                env=self._environment,
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_S
        while not (listening := re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.log)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the server did not start:\n{self.log}")
            time.sleep(0.02)
        self.port = int(listening.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def connect(self, timeout_s: float = 20.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)
