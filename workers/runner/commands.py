"""The worker's commands, read from stdin by a thread of their own."""

from __future__ import annotations

import json
import queue
import sys
import threading
from typing import Any

from workers.runner.leash import die


class Commands:
    """`next()` waits for a command to train; `stop` and `save` tell what a running fit was asked for."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.stop = False
        self.save = False
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def next(self) -> dict[str, Any]:
        return self._queue.get()

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            command = json.loads(line)
            if command["type"] == "stop":
                self.save = bool(command["save"])
                self.stop = True
            else:
                self._queue.put(command)
        die()  # the worker has closed its end: it is gone
