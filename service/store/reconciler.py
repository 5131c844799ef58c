"""The reconciler: a loop in every API and worker process that mends what a death or a lost message left.

It settles expired leases and rings again for queued jobs. Any number of them may run at once: each change is
one conditional UPDATE.
"""

from __future__ import annotations

import logging
import random
import threading

from sqlalchemy.exc import SQLAlchemyError

from service.settings import Settings
from service.store import jobs
from service.store.database import Store
from service.store.doorbell import Doorbell

log = logging.getLogger("kiln.reconciler")


class Reconciler:
    """Runs `reconcile` every `settings.reconcile_s`, give or take a quarter, in a thread of its own."""

    def __init__(self, store: Store, doorbell: Doorbell, settings: Settings) -> None:
        self._store = store
        self._doorbell = doorbell
        self._settings = settings
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        self._stopped.set()
        self._thread.join(timeout_s)

    def _loop(self) -> None:
        while not self._stopped.wait(self._settings.reconcile_s * random.uniform(0.75, 1.25)):
            try:
                reconcile(self._store, self._doorbell, self._settings.max_attempts)
            except SQLAlchemyError as error:
                log.warning("the database did not answer (%s); trying again", type(error).__name__)


def reconcile(store: Store, doorbell: Doorbell, max_attempts: int) -> None:
    """One round: settle expired leases, then ring for the queued jobs whose time it is."""
    with store.read() as session:
        if not jobs.needs_reconciling(session):
            return
    with store.write() as session:
        settled = jobs.requeue_expired(session, max_attempts)
        due = jobs.due_rings(session)
    for job_id in settled:
        log.warning("%s: its lease ran out; settled", job_id)
    for job_id in due:
        doorbell.run_job(job_id)
