"""From POST to the first step's loss being there for whoever polls, with a runner that is warm."""

import argparse
import statistics
import time

from benchmarks.jobs import job
from benchmarks.stack import mnist_or_digits, running_stack
from benchmarks.turns import Figures
from tensorkiln import Client, Job

WARM_S = 4.0  # after a job the next spare runner is started and imports the engine
POLL_S = 0.005


def measure(options: argparse.Namespace) -> Figures:
    """Medians, in seconds: until a poll of the metrics answers with the first step's loss, and by the time
    stamp that the trainer puts on it."""
    seen, made = [], []
    with running_stack() as url, Client(url) as client:
        dataset = mnist_or_digits(client)
        for number in range(options.rounds + 1):
            time.sleep(WARM_S)
            posted, started = time.time(), time.perf_counter()
            submitted = client.jobs.create(job(1, dataset))
            first = _first_point(submitted)
            waited = time.perf_counter() - started
            submitted.wait()
            if number > 0:  # the first job finds cold caches
                seen.append(waited)
                made.append(first - posted)
    return {
        "dataset": dataset,
        "first_step_median_s": statistics.median(seen),
        "first_step_stamp_median_s": statistics.median(made),
        "first_step_s": [round(wait, 3) for wait in seen],
    }


def _first_point(submitted: Job) -> float:
    """The time stamp of the first step's loss, in Unix seconds, once the API has it."""
    while not (points := submitted.points("loss", step_to=1)):
        time.sleep(POLL_S)
    return points[0].timestamp.timestamp()
