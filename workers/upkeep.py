"""What a worker does beside its jobs: prepare datasets, ring for jobs that wait, remove what deaths left."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from service.store import attempts, datasets, jobs, references
from service.store.attempts import Attempt
from service.store.errors import StaleAttempt
from workers.datasets.preparation import INCOMING, prepare_dataset

if TYPE_CHECKING:
    from workers.host import Host

ROUND_S = 5.0
SWEEP_S = 3600.0

log = logging.getLogger("kiln.worker")


class Upkeep:
    """A thread that ends when its host stops."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._sweep_at = 0.0
        self._thread = threading.Thread(target=self._loop, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _loop(self) -> None:
        work = self._start
        while not self._host.stopping.is_set():
            try:
                work()
                work = self._round
            except SQLAlchemyError as error:
                log.warning("upkeep waits for the database (%s)", type(error).__name__)
            except Exception:
                log.exception("upkeep failed; trying again")
            self._host.stopping.wait(ROUND_S)

    def _start(self) -> None:
        """A new worker may find the data that the last one could not."""
        with self._host.store.write() as session:
            datasets.ensure_builtin(session)
        for name in datasets.BUILTIN:
            prepare_dataset(self._host, name)
        self._round()

    def _round(self) -> None:
        host = self._host
        with host.store.read() as session:
            # that a job waits while we are idle means that its message is lost
            waiting = jobs.claimable(session, host.free_hands)
            due = datasets.due(session)
        if waiting and host.doorbell.reachable():
            for job_id in waiting:
                host.doorbell.run_job(job_id)
        for name in due:
            prepare_dataset(host, name)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_S
            sweep(host)


def sweep(host: Host) -> None:
    """Remove what killed processes left on the disk. Other workers' files are theirs as long as they live."""
    for folder in host.settings.scratch_dir.glob("job_*-*"):
        job_id, _, number = folder.name.rpartition("-")
        try:
            with host.store.read() as session:
                attempts.state(session, Attempt(job_id, int(number)))
        except StaleAttempt:
            shutil.rmtree(folder, ignore_errors=True)
    for folder in host.settings.datasets_dir.glob(f"{INCOMING}*"):
        if _age_s(folder) > references.ABANDONED_S:
            shutil.rmtree(folder, ignore_errors=True)
    if swept := references.sweep(host.store):
        log.info("removed %d file(s) that nothing names any more", swept)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
