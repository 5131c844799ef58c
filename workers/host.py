"""What one worker process holds: the store, the doorbell, the runners, and the threads that keep it known."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.exc import SQLAlchemyError

from service.settings import Settings
from service.store import Store, workers
from service.store.doorbell import Doorbell
from service.store.reconciler import Reconciler
from workers.nursery import Nursery
from workers.upkeep import Upkeep

HEARTBEAT_S = 10.0
LOOK_S = 1.0  # until the first runner has reported what the engine finds here
LEAVE_S = 2.0  # for our threads to end

log = logging.getLogger("kiln.worker")


class Host:
    """Started before the Celery worker, closed after it has ended. It never runs engine code itself."""

    def __init__(self, settings: Settings, worker_id: str) -> None:
        self.settings = settings
        self.worker_id = worker_id
        self.store = Store.open(settings)
        self.doorbell = Doorbell(settings)
        self.nursery = Nursery(settings.worker_concurrency)
        self.stopping = threading.Event()
        self._busy = 0
        self._counting = threading.Lock()
        self._reconciler = Reconciler(self.store, self.doorbell, settings)
        self._upkeep = Upkeep(self)
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Called once. Nothing here needs the broker: without one, leases are settled all the same."""
        self.nursery.start()
        self._reconciler.start()
        self._heart.start()
        self._upkeep.start()

    @property
    def free_hands(self) -> int:
        """How many more jobs could be trained now."""
        return max(0, self.settings.worker_concurrency - self._busy)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While a hand is not free."""
        with self._counting:
            self._busy += 1
        try:
            yield
        finally:
            with self._counting:
                self._busy -= 1

    def close(self) -> None:
        """End the runners and sign off. Celery has waited for the supervisors."""
        self.stopping.set()
        deadline = time.monotonic() + LEAVE_S
        self.nursery.close()
        self._reconciler.stop()
        self._upkeep.join(max(0.1, deadline - time.monotonic()))
        if self._heart.is_alive():
            self._heart.join(max(0.1, deadline - time.monotonic()))  # lest it signs on again
        try:
            with self.store.write() as session:
                workers.leave(session, self.worker_id)
        except SQLAlchemyError as error:
            log.warning("could not sign off: %s", type(error).__name__)
        self.doorbell.close()
        self.store.close()

    def _beat(self) -> None:
        """Say every HEARTBEAT_S that the worker lives, with what its runners report of the engine."""
        while True:
            try:
                with self.store.write() as session:
                    workers.beat(
                        session,
                        self.worker_id,
                        _version(),
                        self.settings.worker_concurrency,
                        self.nursery.engine_report(),
                    )
            except SQLAlchemyError as error:
                log.warning("no heartbeat: the database did not answer (%s)", type(error).__name__)
            except Exception:
                log.exception("no heartbeat")
            if self.stopping.wait(HEARTBEAT_S if self.nursery.engine_report() else LOOK_S):
                return


def _version() -> str:
    try:
        return version("tensorkiln")
    except PackageNotFoundError:
        return "unknown"  # run from a folder, not installed
