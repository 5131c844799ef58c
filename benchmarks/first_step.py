"""From POST to the first step of training, with a runner that is warm."""

import argparse
import statistics
import time

from benchmarks.jobs import job
from benchmarks.stack import mnist_or_digits, running_stack
from benchmarks.turns import Figures
from tensorkiln import Client

WARM_S = 4.0  # after a job the next spare runner is started and imports the engine


def measure(options: argparse.Namespace) -> Figures:
    """Median, in seconds, by the time stamp that the trainer puts on the first step's loss."""
    waits = []
    with running_stack() as url, Client(url) as client:
        dataset = mnist_or_digits(client)
        for number in range(options.rounds + 1):
            time.sleep(WARM_S)
            posted = time.time()
            done = client.jobs.create(job(1, dataset)).wait()
            first = done.points("loss", step_to=1)[0].timestamp.timestamp()
            if number > 0:  # the first job finds cold caches
                waits.append(first - posted)
    return {
        "dataset": dataset,
        "first_step_median_s": statistics.median(waits),
        "first_step_s": [round(wait, 3) for wait in waits],
    }
