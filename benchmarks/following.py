"""What the service costs the training: steps per second of the engine alone against the same job as a job.

Both sides train the same network on arrays of the same size, and both count steps by the time stamps that the
trainer puts on every step's loss, so neither start-up nor transport is counted, only the loop.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

from benchmarks.jobs import job
from benchmarks.stack import mnist_or_digits, running_stack
from tensorkiln import Client
from workers.nursery import threads_each

EPOCHS = {"mnist": 4, "digits": 120}
SAMPLES = {"mnist": (60_000, 28), "digits": (1_437, 8)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Medians over `rounds` interleaved pairs; each service run has an SSE follower and a poller at 1 Hz."""
    alone, followed = [], []
    with running_stack() as url, Client(url) as client:
        dataset = mnist_or_digits(client)
        train_alone(dataset)  # warm the caches once
        for number in range(options.rounds):
            if number % 2 == 0:
                alone.append(train_alone(dataset))
            followed.append(train_followed(client, dataset))
            if number % 2 == 1:
                alone.append(train_alone(dataset))
    ratios = [b / a for a, b in zip(alone, followed, strict=True)]
    return {
        "dataset": dataset,
        "alone_steps_per_s": statistics.median(alone),
        "followed_steps_per_s": statistics.median(followed),
        "ratio_of_medians": statistics.median(followed) / statistics.median(alone),
        "pair_ratios": [round(ratio, 3) for ratio in ratios],
    }


def train_alone(dataset: str) -> float:
    """Steps per second in an interpreter that does nothing else, with the threads that a runner has."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads_each(concurrency=1))}
    command = [sys.executable, "-m", "benchmarks.following", dataset]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def train_followed(client: Client, dataset: str) -> float:
    submitted = client.jobs.create(job(EPOCHS[dataset], dataset))
    over = threading.Event()

    def poll() -> None:
        with Client(client.base_url) as own:
            while not over.wait(1.0):
                own.jobs.get(submitted.id).curve("loss", points=500)

    poller = threading.Thread(target=poll)
    poller.start()
    for _ in submitted.follow():
        pass
    over.set()
    poller.join()
    times = [point.timestamp.timestamp() for point in submitted.points("loss")]
    return (len(times) - 1) / (times[-1] - times[0])


def _alone(dataset: str) -> float:
    from benchmarks.jobs import random_split
    from engine.training import Callbacks, MetricColumn, Trainer

    class Times(Callbacks):
        first = last = count = 0

        def on_metrics(self, batch: list[MetricColumn]) -> None:
            for column in batch:
                if column.key == "loss":
                    self.first = self.first or int(column.timestamps_ms[0])
                    self.last = int(column.timestamps_ms[-1])
                    self.count += len(column.steps)

    document = job(EPOCHS[dataset], dataset)
    times = Times()
    split = random_split(*SAMPLES[dataset])
    Trainer.from_job(document, document["model"], {"train": split}).fit(times)
    return (times.count - 1) / ((times.last - times.first) / 1000)


if __name__ == "__main__":
    time.sleep(0.5)  # what ran before has time to settle
    print(json.dumps(_alone(sys.argv[1])))
