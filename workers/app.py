"""The Celery application of a worker: two tasks, and the signal that stops its host."""

from __future__ import annotations

import _thread
import logging
from typing import Any

from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from sqlalchemy.exc import SQLAlchemyError

from service.settings import Settings
from service.store.doorbell import PREPARE_DATASET, RUN_JOB, celery_app
from workers.datasets.preparation import prepare_dataset
from workers.host import Host
from workers.supervision import run_job

log = logging.getLogger("kiln.worker")


def worker_app(settings: Settings, host: Host) -> Celery:
    """An application that answers the doorbell with this host's means."""
    app = celery_app(settings)
    app.conf.worker_pool = "workers.pool:Supervisors"

    def answer_job(job_id: str) -> None:
        run_job(host, job_id)

    def answer_dataset(name: str) -> None:
        try:
            prepare_dataset(host, name)
        except SQLAlchemyError as error:  # the host's upkeep will find it waiting
            log.warning("dataset %s: the database did not answer (%s)", name, type(error).__name__)

    def tell(**_: Any) -> None:
        log.info("worker %s ready, %d job(s) at a time", host.worker_id, settings.worker_concurrency)

    def stop(**_: Any) -> None:
        # Supervisors see it, save their jobs and give them back. Not set from here: we are inside a signal
        # handler, and a second signal would wait for ever for the lock of the event that the first one holds.
        _thread.start_new_thread(host.stopping.set, ())

    app.task(name=RUN_JOB)(answer_job)
    app.task(name=PREPARE_DATASET)(answer_dataset)
    worker_ready.connect(tell, weak=False)
    worker_shutting_down.connect(stop, weak=False)
    return app
