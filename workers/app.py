"""The Celery application of a worker: two tasks, and the signals that start and stop its host."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down

from service.settings import Settings
from service.store.doorbell import PREPARE_DATASET, RUN_JOB, celery_app
from workers.datasets.preparation import prepare_dataset
from workers.host import Host
from workers.supervision import run_job


def worker_app(settings: Settings, host: Host) -> Celery:
    """An application that answers the doorbell with this host's means."""
    app = celery_app(settings)

    def answer_job(job_id: str) -> None:
        run_job(host, job_id)

    def answer_dataset(name: str) -> None:
        prepare_dataset(host, name)

    def start(**_: Any) -> None:
        host.start()

    def stop(**_: Any) -> None:
        host.stopping.set()  # supervisors see it, save their jobs and give them back

    app.task(name=RUN_JOB)(answer_job)
    app.task(name=PREPARE_DATASET)(answer_dataset)
    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)
    return app
