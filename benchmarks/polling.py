"""How fast the API answers about a job that is training at that moment."""

import argparse
import statistics
import time
from typing import Any

import httpx

from benchmarks.jobs import job
from benchmarks.stack import mnist_or_digits, running_stack
from tensorkiln import Client

POLLS = 100


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Medians and 95th percentiles, in milliseconds, of `rounds` x POLLS polls of each kind, interleaved."""
    with running_stack() as url, Client(url) as client, httpx.Client(base_url=url) as http:
        dataset = mnist_or_digits(client)
        running = client.jobs.create(job(10_000, dataset))
        while running.refresh().progress.step < 2000:
            time.sleep(0.2)
        paths = {
            "job": f"/v1/jobs/{running.id}",
            "metrics_500_points": f"/v1/jobs/{running.id}/metrics?key=loss&points=500",
            "metrics_last_1000_raw": f"/v1/jobs/{running.id}/metrics?key=loss&step_from=1000&step_to=2000",
        }
        times: dict[str, list[float]] = {name: [] for name in paths}
        for _ in range(options.rounds * POLLS):
            for name, path in paths.items():
                started = time.perf_counter()
                http.get(path).raise_for_status()
                times[name].append((time.perf_counter() - started) * 1000)
            time.sleep(0.02)  # a poller's pause, so that the polls don't starve the training
        stored = running.refresh().progress.step
        running.cancel()
    figures: dict[str, Any] = {"dataset": dataset, "points_stored_at_the_end": stored}
    for name, values in times.items():
        figures[f"{name}_median_ms"] = statistics.median(values)
        figures[f"{name}_p95_ms"] = statistics.quantiles(values, n=20)[-1]
    return figures
