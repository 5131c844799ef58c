"""What one worker process holds: the store, the doorbell, the runners, and the threads that keep it known."""

from __future__ import annotations

import logging
import threading
from importlib.metadata import version

from sqlalchemy.exc import SQLAlchemyError

from service.settings import Settings
from service.store import Store, datasets, workers
from service.store.doorbell import Doorbell
from service.store.reconciler import Reconciler
from workers.datasets.preparation import prepare_dataset
from workers.nursery import Nursery

HEARTBEAT_S = 10.0

log = logging.getLogger("kiln.worker")


class Host:
    """Built before the Celery worker starts, closed after it has ended. It never runs engine code itself."""

    def __init__(self, settings: Settings, worker_id: str) -> None:
        self.settings = settings
        self.worker_id = worker_id
        self.store = Store.open(settings)
        self.doorbell = Doorbell(settings)
        self.nursery = Nursery(settings.worker_concurrency)
        self.stopping = threading.Event()
        self._reconciler = Reconciler(self.store, self.doorbell, settings)
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._preparer = threading.Thread(target=self._prepare_builtin, name="datasets", daemon=True)

    def start(self) -> None:
        """Called once, when the Celery worker is ready to take messages."""
        log.info("worker %s ready, %d job(s) at a time", self.worker_id, self.settings.worker_concurrency)
        self.nursery.start()
        self._reconciler.start()
        self._heart.start()
        self._preparer.start()

    def close(self) -> None:
        self.stopping.set()
        self.nursery.close()
        self._reconciler.stop()
        try:
            with self.store.write() as session:
                workers.leave(session, self.worker_id)
        except SQLAlchemyError as error:
            log.warning("could not sign off: %s", type(error).__name__)
        self.doorbell.close()
        self.store.close()

    def _beat(self) -> None:
        """Say every HEARTBEAT_S that the worker lives, with what its runners report of the engine."""
        settings = self.settings
        while True:
            try:
                with self.store.write() as session:
                    workers.beat(
                        session,
                        self.worker_id,
                        version("tensorkiln"),
                        settings.worker_concurrency,
                        self.nursery.engine_report(),
                    )
            except SQLAlchemyError as error:
                log.warning("no heartbeat: the database did not answer (%s)", type(error).__name__)
            if self.stopping.wait(HEARTBEAT_S):
                return

    def _prepare_builtin(self) -> None:
        try:
            with self.store.write() as session:
                datasets.ensure_builtin(session)
            for name in datasets.BUILTIN:
                prepare_dataset(self, name)
        except SQLAlchemyError as error:
            log.warning("built-in datasets are not prepared: %s", type(error).__name__)
