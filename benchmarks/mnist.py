"""The demo's MNIST job from POST to `succeeded`, every step's loss stored, beside the script in PyTorch."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.stack import mnist_or_digits, running_stack
from benchmarks.turns import Figures
from tensorkiln import Client
from tensorkiln.demo.tasks import task
from workers.nursery import threads_each

WAYS = ("loader", "slices")
WARM_S = 4.0  # after a job the next spare runner is started and imports the engine


def measure(options: argparse.Namespace) -> Figures:
    """Medians, in seconds, of interleaved rounds. PyTorch's count from when it reads its data, not from its
    import: the service's runner is warm as well. It has the runner's number of threads, which suits so small
    a network, unless OMP_NUM_THREADS says another."""
    document = task("mnist")
    job_s: list[float] = []
    stored = 0
    accuracies: dict[str, float] = {}
    torch_s: dict[str, list[float]] = {way: [] for way in WAYS}
    with running_stack() as url, Client(url) as client:
        if mnist_or_digits(client) != "mnist":
            raise SystemExit("bench mnist needs MNIST's four idx files: name their folder in KILN_DATA_DIR")
        for _ in range(options.rounds):
            time.sleep(WARM_S)
            started = time.perf_counter()
            done = client.jobs.create(document).wait(poll_s=0.05)
            job_s.append(time.perf_counter() - started)
            stored = len(done.points("loss"))
            accuracies["job"] = done.metrics["test_accuracy"] or 0.0
            for way in WAYS:
                result = _torch(way, document["epochs"])
                torch_s[way].append(result["seconds"])
                accuracies[way] = result["accuracy"]
                if len(result["losses"]) != stored:
                    raise SystemExit(f"the job stored {stored} losses, PyTorch made {len(result['losses'])}")
    figures: Figures = {"job_s": statistics.median(job_s), "losses_stored": stored}
    for way in WAYS:
        figures[f"torch_{way}_s"] = statistics.median(torch_s[way])
        figures[f"torch_{way}_over_job"] = figures[f"torch_{way}_s"] / figures["job_s"]
    return {**figures, "accuracies": accuracies, "rounds": {"job": job_s, **torch_s}}


def _torch(way: str, epochs: int) -> dict[str, Any]:
    environment = {"OMP_NUM_THREADS": str(threads_each(concurrency=1)), **os.environ}
    command = [sys.executable, "-m", "benchmarks.mnist_torch", way, str(epochs)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result
