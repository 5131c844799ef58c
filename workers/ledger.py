"""What is written down of an attempt: every word of its runner, and how it ended. Always under the fence."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.store import Store, attempts, jobs, references
from service.store.attempts import Attempt
from service.store.blobs import Blob
from service.store.curves import Column
from service.store.database import NOT_NOW
from service.store.errors import BlobMissing
from service.store.tables import CANCELLED, CANCELLING, FAILED, SUCCEEDED
from workers.channel import Frame, decode_points
from workers.lease import Lease, LeaseLost
from workers.pace import Pace

RETRY_S = 0.2  # before a write is tried again that the database refused

log = logging.getLogger("kiln.worker")


class Ledger:
    """The writes of one attempt, each one transaction. All raise StaleAttempt or LeaseLost."""

    def __init__(self, store: Store, attempt: Attempt, lease: Lease) -> None:
        self._store = store
        self._attempt = attempt
        self._lease = lease
        self._pace = Pace()
        self._number = 0

    def begin(self) -> None:
        self._write(lambda session: attempts.begin(session, self._attempt))

    def record(self, frames: Sequence[Frame]) -> None:
        """Frames of points and of epochs' summaries, one after the other."""
        points = [frame for frame in frames if frame.type == "metrics"]
        ends = [frame.header for frame in frames if frame.type == "epoch"]
        summaries = [(end["epoch"], end["metrics"]) for end in ends]
        columns = _joined(points)
        last = points[-1].header if points else None
        progress = self._pace.progress(last["epoch"], last["step"]) if last else None

        def work(session: Session) -> None:
            if progress is not None:
                attempts.record(session, self._attempt, columns, progress, self._lease.lease_s)
            if summaries:
                attempts.record_epochs(session, self._attempt, summaries)

        self._write(work)

    def add_checkpoint(self, path: Path, step: int, keep: int) -> None:
        dropped: list[str] = []

        def name(session: Session, blob: Blob) -> None:
            dropped[:] = attempts.add_checkpoint(session, self._attempt, step, blob, keep)

        self._name(path, name)
        for sha256 in dropped:
            try:
                with self._store.write() as session:
                    references.drop(session, self._store.blobs, sha256)
            except SQLAlchemyError as error:  # the next sweep finds it
                log.warning("an old checkpoint's blob is left for now (%s)", type(error).__name__)

    def succeed(self, weights: Path, note: str | None = None) -> str:
        """The job's end, unless a cancel request was faster. Returns which it was.

        note: what is to be said of it
        """
        end = SUCCEEDED

        def name(session: Session, blob: Blob) -> None:
            nonlocal end
            if attempts.renew(session, self._attempt, self._lease.lease_s) == CANCELLING:
                end = CANCELLED
                attempts.finish(session, self._attempt, CANCELLED, "cancelled")
                return
            step = jobs.get(session, self._attempt.job_id).step
            attempts.add_artifact(session, self._attempt, attempts.KIND_WEIGHTS, step, blob)
            attempts.finish(session, self._attempt, SUCCEEDED, note)

        self._name(weights, name)
        return end

    def fail(self, error: dict[str, Any]) -> None:
        self._write(lambda s: attempts.finish(s, self._attempt, FAILED, error["message"], error))

    def cancel(self) -> None:
        self._write(lambda s: attempts.finish(s, self._attempt, CANCELLED, "cancelled"))

    def release(self) -> None:
        self._write(lambda s: attempts.release(s, self._attempt, "its worker shut down; queued again"))

    def lose(self, reason: str, max_attempts: int) -> None:
        self._write(lambda s: attempts.lose(s, self._attempt, reason, max_attempts))

    def _name(self, path: Path, name: Callable[[Session, Blob], None]) -> None:
        """Put a file among the blobs and name it by a row; again if it was dropped in between."""
        blobs = self._store.blobs
        while True:
            blob = blobs.put_file(path)

            def work(session: Session, blob: Blob = blob) -> None:
                references.hold(session, blobs, blob.sha256)
                name(session, blob)

            try:
                return self._write(work)
            except BlobMissing:
                continue

    def _write(self, work: Callable[[Session], object]) -> None:
        """One transaction, made once; tried again while the database refuses and the lease may be ours."""
        self._number += 1
        began, refusals = time.monotonic(), 0
        while True:
            self._lease.check()
            try:
                with self._store.write() as session:
                    if refusals and attempts.has_written(session, self._attempt, self._number):
                        return  # it was refused only in appearance: the answer to the COMMIT was lost
                    attempts.number_write(session, self._attempt, self._number)
                    work(session)
                return
            except NOT_NOW as error:
                if time.monotonic() - began > self._lease.lease_s:
                    raise LeaseLost(f"the database has refused for {self._lease.lease_s:g} s") from error
                if not refusals:
                    name = type(error).__name__
                    log.warning("%s: the database refused (%s), trying again", self._attempt.job_id, name)
                refusals += 1
                time.sleep(RETRY_S)


def _joined(frames: Sequence[Frame]) -> list[Column]:
    """One column for each metric, of all its points in these frames."""
    pieces: dict[str, list[Column]] = {}
    for frame in frames:
        for key, arrays in decode_points(frame.header["columns"], frame.body):
            pieces.setdefault(key, []).append(Column(key, *arrays))
    return [
        Column(
            key,
            np.concatenate([piece.steps for piece in parts]),
            np.concatenate([piece.values for piece in parts]),
            np.concatenate([piece.timestamps_ms for piece in parts]),
            np.concatenate([piece.epochs for piece in parts]),
        )
        for key, parts in pieces.items()
    ]
