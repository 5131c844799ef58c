"""One attempt at a job, from the worker's side: claim it, have a runner train it, write down what it says.

All writes go through the attempt's fence. The lease is renewed from here, outside the training loop. Whoever
finds that the attempt is stale kills the runner and leaves: somebody else has the job, or it has ended.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.store import attempts, datasets, jobs
from service.store.attempts import Attempt, Claim
from service.store.curves import Column
from service.store.errors import BlobMissing, StaleAttempt
from service.store.tables import CANCELLED, CANCELLING, FAILED, SUCCEEDED
from workers.channel import Frame, decode_points
from workers.nursery import Runner, RunnerDied
from workers.pace import Pace

if TYPE_CHECKING:
    from workers.host import Host

POLL_S = 0.5  # how often the job's state is looked at when nothing else tells it
CANCEL_GRACE_S = 10.0  # for a runner to stop at a step's end; then it is killed
SHUTDOWN_GRACE_S = 2.5  # the same, with a checkpoint, when the worker shuts down
RETRY_S = 0.2  # before a write is tried again that the database refused

log = logging.getLogger("kiln.worker")
T = TypeVar("T")


class LeaseLost(Exception):
    """The database did not answer for as long as the lease lasts."""


def run_job(host: Host, job_id: str) -> None:
    """Answer a ring: train the job if it is there to take, else do nothing."""
    if host.stopping.is_set():
        return  # the row stays queued, somebody else will be rung for it
    with host.store.write() as session:
        claim = attempts.claim(session, job_id, host.worker_id, host.settings.lease_s)
    if claim is not None:
        Supervision(host, claim).run()


class Supervision:
    """Follows one attempt to its end."""

    def __init__(self, host: Host, claim: Claim) -> None:
        self._host = host
        self._claim = claim
        self._attempt: Attempt = claim.attempt
        self._name = f"{claim.attempt.job_id} attempt {claim.attempt.number}"
        self._scratch: Path = host.settings.scratch_dir / f"{claim.attempt.job_id}-{claim.attempt.number}"
        self._pace = Pace()
        self._cancelling = False
        now = time.monotonic()
        self._leased_until = now + host.settings.lease_s
        self._renew_at = now + host.settings.renew_s
        self._poll_at = now + POLL_S
        self._stop_deadline: float | None = None  # when the runner is killed for not stopping
        self._hurried = False  # the deadline is the shutdown's

    def run(self) -> None:
        log.info("%s: started%s", self._name, self._from_step())
        runner: Runner | None = None
        try:
            runner = self._host.nursery.take()
            self._train(runner)
            self._follow(runner)
        except StaleAttempt:
            log.warning("%s: no longer ours, dropped", self._name)
        except LeaseLost:
            log.error(
                "%s: the database did not answer for %g s, dropped", self._name, self._host.settings.lease_s
            )
        except RunnerDied as death:
            self._lose(str(death))
        except Exception:
            log.exception("%s: the worker failed", self._name)
            self._lose("the worker failed while it followed the job")
        finally:
            if runner is not None:
                runner.kill()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _train(self, runner: Runner) -> None:
        """Tell the runner what to train. The files it reads are blobs, complete before their rows were."""
        claim = self._claim
        with self._host.store.read() as session:
            dataset = datasets.get(session, claim.dataset)
            splits = {} if dataset is None else dataset.splits or {}
        if not splits:
            raise RunnerDied(f"the dataset {claim.dataset!r} is not ready")
        blobs = self._host.store.blobs
        self._scratch.mkdir(parents=True, exist_ok=True)
        runner.send(
            "train",
            job_id=claim.attempt.job_id,
            definition=claim.definition,
            splits={name: str(blobs.path(split["sha256"])) for name, split in splits.items()},
            checkpoint=self._checkpoint_path(),
            scratch=str(self._scratch),
            memory_mb=self._memory_mb(),
        )

    def _follow(self, runner: Runner) -> None:
        """Until the runner's last frame, or until it must be killed."""
        while True:
            now = time.monotonic()
            frame = runner.receive(max(0.0, min(self._poll_at, self._renew_at) - now))
            if frame is not None and self._heed(frame):
                return
            self._look_after(runner)
            if self._stop_deadline is not None and time.monotonic() > self._stop_deadline:
                log.warning("%s: the runner did not stop in time, killed", self._name)
                runner.kill()
                self._end_stopped()
                return

    def _heed(self, frame: Frame) -> bool:
        """Write down what the runner said. True if that was its last word."""
        header, lease_s = frame.header, self._host.settings.lease_s
        match frame.type:
            case "metrics":
                columns = [
                    Column(key, *arrays) for key, arrays in decode_points(header["columns"], frame.body)
                ]
                progress = self._pace.progress(header["epoch"], header["step"])
                self._saw(
                    self._write(lambda s: attempts.record(s, self._attempt, columns, progress, lease_s))
                )
                self._leased_until = time.monotonic() + lease_s
                self._renew_at = time.monotonic() + self._host.settings.renew_s
            case "epoch":
                self._write(
                    lambda s: attempts.record_epoch(s, self._attempt, header["epoch"], header["metrics"])
                )
            case "checkpoint":
                blob = self._host.store.blobs.put_file(Path(header["path"]))
                Path(header["path"]).unlink()
                step, keep = header["step"], (self._claim.definition.get("checkpoint") or {}).get("keep", 1)
                blobs = self._host.store.blobs
                self._write(lambda s: attempts.add_checkpoint(s, self._attempt, step, blob, keep, blobs))
                log.info("%s: checkpoint at step %d", self._name, step)
            case "started":
                self._saw(self._write(lambda s: attempts.begin(s, self._attempt)))
            case "finished":
                self._succeed(Path(header["path"]))
                return True
            case "failed":
                self._fail(header["error"])
                return True
            case "stopped":
                self._end_stopped()
                return True
            case other:
                raise RunnerDied(f"the runner sent an unknown frame {other!r}")
        return False

    def _look_after(self, runner: Runner) -> None:
        """Renew the lease, look for a cancel request, and pass on a wish to stop."""
        now = time.monotonic()
        if now >= self._renew_at:
            lease_s = self._host.settings.lease_s
            self._saw(self._write(lambda s: attempts.renew(s, self._attempt, lease_s)))
            self._leased_until = now + lease_s
            self._renew_at = now + self._host.settings.renew_s
        elif now >= self._poll_at:
            self._poll_at = now + POLL_S
            with self._host.store.read() as session:
                self._saw(jobs.get(session, self._attempt.job_id).state)
        if self._cancelling or self._host.stopping.is_set():
            if self._stop_deadline is None:
                self._stop_deadline = now + CANCEL_GRACE_S
                runner.send("stop", save=not self._cancelling)
            if self._host.stopping.is_set() and not self._hurried:
                self._hurried = True
                self._stop_deadline = min(self._stop_deadline, now + SHUTDOWN_GRACE_S)

    def _saw(self, state: str) -> None:
        self._cancelling = state == CANCELLING
        self._poll_at = time.monotonic() + POLL_S

    def _succeed(self, weights: Path) -> None:
        blob = self._host.store.blobs.put_file(weights)

        def end(session: Session) -> str:
            if attempts.renew(session, self._attempt, self._host.settings.lease_s) == CANCELLING:
                attempts.finish(session, self._attempt, CANCELLED, "cancelled")
                return CANCELLED
            step = jobs.get(session, self._attempt.job_id).step
            attempts.add_artifact(session, self._attempt, attempts.KIND_WEIGHTS, step, blob)
            attempts.finish(session, self._attempt, SUCCEEDED)
            return SUCCEEDED

        log.info("%s: %s", self._name, self._write(end))

    def _fail(self, error: dict[str, Any]) -> None:
        self._write(lambda s: attempts.finish(s, self._attempt, FAILED, error["message"], error))
        log.info("%s: failed (%s): %s", self._name, error["code"], error["message"])

    def _end_stopped(self) -> None:
        """The runner has stopped because we asked it to: for a cancel, else for our own shutdown."""
        if self._cancelling:
            self._write(lambda s: attempts.finish(s, self._attempt, CANCELLED, "cancelled"))
            log.info("%s: cancelled", self._name)
        else:
            state = self._write(
                lambda s: attempts.release(s, self._attempt, "its worker shut down; queued again")
            )
            log.info("%s: given back, %s", self._name, state)

    def _lose(self, reason: str) -> None:
        log.error("%s: %s", self._name, reason)
        with suppress(StaleAttempt, LeaseLost):  # the reconciler has settled it, or will
            self._write(lambda s: attempts.lose(s, self._attempt, reason, self._host.settings.max_attempts))

    def _write(self, work: Callable[[Session], T]) -> T:
        """One transaction, tried again while the database refuses and the lease may still be ours."""
        while True:
            try:
                with self._host.store.write() as session:
                    return work(session)
            except DBAPIError as error:
                if time.monotonic() > self._leased_until:
                    raise LeaseLost from error
                log.warning("%s: the database refused (%s), trying again", self._name, type(error).__name__)
                time.sleep(RETRY_S)

    def _checkpoint_path(self) -> str | None:
        sha256 = self._claim.checkpoint_sha256
        if sha256 is None:
            return None
        try:
            return str(self._host.store.blobs.path(sha256))
        except BlobMissing as missing:
            raise RunnerDied(f"its checkpoint is gone: {missing}") from missing

    def _memory_mb(self) -> int:
        settings = self._host.settings
        if settings.job_memory_mb:
            return settings.job_memory_mb
        machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return int(machine_bytes * 0.8 / settings.worker_concurrency) >> 20

    def _from_step(self) -> str:
        return f" from step {self._claim.checkpoint_step}" if self._claim.checkpoint_step else ""
