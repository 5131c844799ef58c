"""The worker's commands, read from stdin by a thread of their own."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any

from workers.runner.leash import die


class Commands:
    """`next()` waits for a command to train; `stop` and `save` tell what a running fit was asked for.

    stored: set when the worker has done with the last checkpoint
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.stop = False
        self.save = False
        self.stored = threading.Event()
        self.stored.set()
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def next(self) -> dict[str, Any]:
        return self._queue.get()

    def _read(self) -> None:
        pending = b""
        # os.read, not sys.stdin: a thread inside a buffered reader makes the interpreter abort at its end
        while block := os.read(0, 1 << 16):
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                self._obey(json.loads(line))
        die()  # the worker has closed its end: it is gone

    def _obey(self, command: dict[str, Any]) -> None:
        if command["type"] == "stop":
            self.save = bool(command["save"])
            self.stop = True
        elif command["type"] == "stored":
            self.stored.set()
        else:
            self._queue.put(command)
