"""The lease on an attempt, kept by a thread of its own, whatever the attempt's supervisor is waiting for."""

from __future__ import annotations

import logging
import threading
import time

from service.store import Store, attempts
from service.store.attempts import Attempt
from service.store.database import NOT_NOW
from service.store.errors import StaleAttempt
from service.store.tables import CANCELLING, STARTING

POLL_S = 0.5  # how often the job's state is looked at when nothing else tells it

log = logging.getLogger("kiln.worker")


class LeaseLost(Exception):
    """The database did not answer for as long as the lease lasts."""


class Lease:
    """Renews while the `with` block runs, and watches for a cancel request."""

    def __init__(self, store: Store, attempt: Attempt, lease_s: float, renew_s: float) -> None:
        self.lease_s = lease_s
        self._store = store
        self._attempt = attempt
        self._renew_s = renew_s
        self._state = STARTING
        self._lost: StaleAttempt | LeaseLost | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{attempt.job_id}", daemon=True)
        # by our own clock: only for when to renew and when to give up; who holds the job the fence decides
        self._renew_at = time.monotonic() + renew_s
        self._until = time.monotonic() + lease_s

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def cancelling(self) -> bool:
        """Whether the job's user has asked to cancel it."""
        return self._state == CANCELLING

    @property
    def lost(self) -> bool:
        return self._lost is not None

    def check(self) -> None:
        """Raises StaleAttempt or LeaseLost once the attempt is no longer ours."""
        if self._lost is not None:
            raise self._lost

    def _keep(self) -> None:
        answers = True
        while not self._ended.wait(POLL_S if answers else min(POLL_S, self._renew_s)):
            asked_at = time.monotonic()
            try:
                self._ask(asked_at)
                answers = True
            except StaleAttempt as stale:
                self._lost = stale
                return
            except NOT_NOW as error:
                if time.monotonic() > self._until:
                    self._lost = LeaseLost(f"the database has not answered for {self.lease_s:g} s")
                    return
                if answers:
                    log.warning("%s: no lease renewal (%s), trying again", self._attempt.job_id, _name(error))
                answers = False
            except Exception as error:
                log.exception("%s: the lease can't be kept", self._attempt.job_id)
                self._lost = LeaseLost(f"its lease could not be renewed ({_name(error)})")
                return

    def _ask(self, now: float) -> None:
        if now >= self._renew_at:
            with self._store.write() as session:
                self._state = attempts.renew(session, self._attempt, self.lease_s)
            self._renew_at = now + self._renew_s
            self._until = now + self.lease_s
        else:
            with self._store.read() as session:
                self._state = attempts.state(session, self._attempt)


def _name(error: Exception) -> str:
    return type(error).__name__
