"""The reconciler: a loop in every API and worker process that mends what a death or a lost message left.

It settles expired leases and rings again for queued jobs. Any number of them may run at once: each change is
one conditional UPDATE.
"""

from __future__ import annotations

import logging
import random
import threading
import time

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
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _loop(self) -> None:
        settings, patience_until = self._settings, 0.0
        while True:
            pause_s = settings.reconcile_s * random.uniform(0.75, 1.25)
            expected = time.time() + pause_s
            if self._stopped.wait(pause_s):
                return
            if time.time() - expected > settings.renew_s:
                # this machine slept, and its workers with it: they have leases to renew before we judge
                patience_until = time.monotonic() + 2 * settings.renew_s
            try:
                if time.monotonic() >= patience_until:
                    settle(self._store, settings.max_attempts)
                ring(self._store, self._doorbell)
            except SQLAlchemyError as error:
                log.warning("the database did not answer (%s); trying again", type(error).__name__)
            except Exception:
                log.exception("a round failed; trying again")


def settle(store: Store, max_attempts: int) -> None:
    """Settle the jobs whose lease has run out."""
    with store.read() as session:
        if not jobs.has_expired(session):
            return
    with store.write() as session:
        settled = jobs.requeue_expired(session, max_attempts)
    for job_id in settled:
        log.warning("%s: its lease ran out; settled", job_id)


def ring(store: Store, doorbell: Doorbell) -> None:
    """Ring for the queued jobs whose time it is; not while the broker is away, or their time would pass."""
    with store.read() as session:
        if not jobs.has_due_rings(session):
            return
    if not doorbell.reachable():
        return
    with store.write() as session:
        due = jobs.due_rings(session)
    for job_id in due:
        if not doorbell.run_job(job_id):
            return
