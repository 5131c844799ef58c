"""A `kiln up` on a temporary home for the benchmarks."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tensorkiln import Client


@contextmanager
def running_stack() -> Iterator[str]:
    """The URL of a stack that ends with the block. KILN_DATA_DIR names MNIST's folder, as ever."""
    with tempfile.TemporaryDirectory(prefix="kiln-bench-") as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "tensorkiln.cli", "up", "--port", "0", "--json", "--quiet"],
            env={**os.environ, "KILN_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("kiln up did not start")
            yield json.loads(line)["url"]
        finally:
            process.terminate()
            process.wait(20)


def mnist_or_digits(client: Client) -> str:
    """MNIST if the stack can have it, else the digits."""
    while "preparing" in (states := [client.datasets.get(name).state for name in ("mnist", "digits")]):
        time.sleep(0.2)
    return "mnist" if states[0] == "ready" else "digits"
