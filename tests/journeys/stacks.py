"""A `kiln up` of one's own: real processes on a private home and a free port."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")
START_S = 60.0


def wait_for(condition: Callable[[], T], timeout_s: float, what: str) -> T:
    """The condition's first truthy value. Fails by name after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.05)
    return value


def processes_of(home: Path) -> dict[int, str]:
    """pid -> command line of every process whose environment names this home."""
    mark = f"KILN_HOME={home}\0".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() + b"\0":
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if line:  # a zombie has none
                    found[int(folder.name)] = line
        except OSError:
            continue  # it has just ended, or is not ours
    return found


class Stack:
    """`kiln up` on `home`, started and waited for; `with` ends it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KILN_")},
            "KILN_HOME": str(home),
            "KILN_DOWNLOAD": "false",
            **environment,
        }
        self.url = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tensorkiln.cli", "up", "--port", "0", "--json", "--quiet"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()  # pytest's own timeout ends a stack that never gets ready
        if not line:
            raise AssertionError(f"kiln up ended: {self.process.communicate()[1]}")
        self.url = json.loads(line)["url"]
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=20)
        finally:
            self.process.kill()

    @property
    def log(self) -> str:
        return (self.home / "logs" / "kiln.log").read_text()

    def worker_pid(self) -> int:
        [pid] = [pid for pid, line in processes_of(self.home).items() if line.rstrip().endswith("-m workers")]
        return pid

    def runner_pids(self) -> list[int]:
        """The runners, busy and spare."""
        return [pid for pid, line in processes_of(self.home).items() if "-m workers.runner " in line]


def digits_job(**changes: Any) -> dict[str, Any]:
    """A two-layer network on scikit-learn's digits: about two seconds of training."""
    job: dict[str, Any] = {
        "name": "digits",
        "model": {
            "name": "simplenet",
            "input": {"shape": [1, 8, 8], "dtype": "float32"},
            "layers": [
                {"type": "Flatten"},
                {"name": "fc1", "type": "Linear", "in_features": 64, "out_features": 128},
                {"type": "ReLU"},
                {"name": "fc2", "type": "Linear", "in_features": 128, "out_features": 10},
            ],
        },
        "dataset": {"name": "digits"},
        "transforms": [{"type": "ToTensor"}],
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9},
        "epochs": 5,
        "batch_size": 32,
        "shuffle": True,
        "seed": 0,
        "metrics": ["accuracy"],
        "evaluate": {"split": "test", "every": "epoch"},
    }
    return {**job, **changes}
