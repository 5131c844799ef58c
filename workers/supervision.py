"""One attempt at a job, from the worker's side: claim it, have a runner train it, write down what it says.

The lease is renewed beside all this (`lease`), and every write goes through the attempt's fence (`ledger`).
Whoever finds that the attempt is stale kills the runner and leaves: somebody else has the job, or it is over.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from service.store import attempts, datasets, jobs
from service.store.attempts import Claim
from service.store.database import NOT_NOW
from service.store.errors import BlobMissing, StaleAttempt
from workers import memory
from workers.channel import Frame
from workers.lease import Lease, LeaseLost
from workers.ledger import Ledger
from workers.nursery import Runner, RunnerDied

if TYPE_CHECKING:
    from workers.host import Host

TICK_S = 0.2  # how long at most a wish to stop waits while the runner says nothing
CANCEL_GRACE_S = 10.0  # for a runner to stop at a step's end; then it is killed
SHUTDOWN_GRACE_S = 2.5  # the same, with a checkpoint, when the worker shuts down
CLAIM_RETRY_S = 1.0
POINTS = ("metrics", "epoch")  # frames that are written down together: short epochs bring many

log = logging.getLogger("kiln.worker")


def run_job(host: Host, job_id: str) -> None:
    """Answer a ring: train that job if it is there to take, then whichever waits longest until none is left.

    A message may have been lost, so a worker that has a hand free looks for itself.
    """
    with host.busy():
        claim = _claim(host, [job_id])
        while claim is not None:
            Supervision(host, claim).run()
            claim = _claim(host)


def _claim(host: Host, job_ids: Iterable[str] | None = None) -> Claim | None:
    """The first of these jobs, or of those that wait longest, that can be claimed. None if none can."""
    give_up_at = time.monotonic() + host.settings.lease_s
    while not host.stopping.is_set():
        try:
            if job_ids is None:
                with host.store.read() as session:
                    job_ids = jobs.claimable(session, limit=8)
            for job_id in job_ids:
                with host.store.write() as session:
                    claim = attempts.claim(session, job_id, host.worker_id, host.settings.lease_s)
                if claim is not None:
                    return claim
            return None
        except NOT_NOW as error:
            if time.monotonic() > give_up_at:
                log.error("no job claimed: the database did not answer (%s)", type(error).__name__)
                return None  # the rows stay queued, and will be rung for
            host.stopping.wait(CLAIM_RETRY_S)
    return None


class Supervision:
    """Follows one attempt to its end."""

    def __init__(self, host: Host, claim: Claim) -> None:
        self._host = host
        self._claim = claim
        self._name = f"{claim.attempt.job_id} attempt {claim.attempt.number}"
        self._scratch: Path = host.settings.scratch_dir / f"{claim.attempt.job_id}-{claim.attempt.number}"
        self._lease = Lease(host.store, claim.attempt, host.settings.lease_s, host.settings.renew_s)
        self._ledger = Ledger(host.store, claim.attempt, self._lease)
        self._keep: int = (claim.definition.get("checkpoint") or {}).get("keep", 1)
        self._stop_deadline: float | None = None  # when the runner is killed for not stopping
        self._hurried = False  # the deadline is the shutdown's

    def run(self) -> None:
        step = self._claim.checkpoint_step
        log.info("%s: started%s", self._name, f" from step {step}" if step else "")
        runner: Runner | None = None
        with self._lease:
            try:
                runner = self._host.nursery.take(self._wanted)
                if runner is None:
                    self._end_stopped()
                else:
                    self._train(runner)
                    self._follow(runner)
            except StaleAttempt:
                log.warning("%s: no longer ours, dropped", self._name)
            except LeaseLost as lost:
                log.error("%s: %s, dropped", self._name, lost)
            except RunnerDied as death:
                self._lose(str(death))
            except Exception:
                log.exception("%s: the worker failed", self._name)
                self._lose("the worker failed while it followed the job")
            finally:
                if runner is not None:
                    runner.kill()
                shutil.rmtree(self._scratch, ignore_errors=True)

    def _wanted(self) -> bool:
        """Whether a runner is still of use."""
        return not (self._lease.lost or self._lease.cancelling or self._host.stopping.is_set())

    def _train(self, runner: Runner) -> None:
        """Tell the runner what to train. The files it reads are blobs, complete before their rows were."""
        claim, store = self._claim, self._host.store
        splits = self._splits()
        try:
            files = {name: str(store.blobs.path(split["sha256"])) for name, split in splits.items()}
            checkpoint = claim.checkpoint_sha256 and str(store.blobs.path(claim.checkpoint_sha256))
        except BlobMissing as missing:
            raise RunnerDied(f"its data or checkpoint is gone: {missing}") from missing
        self._scratch.mkdir(parents=True, exist_ok=True)
        runner.send(
            "train",
            job_id=claim.attempt.job_id,
            definition=claim.definition,
            splits=files,
            checkpoint=checkpoint,
            scratch=str(self._scratch),
            memory_mb=memory.limit_mb(self._host.settings),
        )

    def _splits(self) -> dict[str, dict[str, str]]:
        while True:
            try:
                with self._host.store.read() as session:
                    dataset = datasets.get(session, self._claim.dataset)
            except NOT_NOW:
                self._lease.check()  # which gives up when it is time to
                time.sleep(TICK_S)
                continue
            if dataset is None or not dataset.splits:
                raise RunnerDied(f"the dataset {self._claim.dataset!r} is not ready")
            return dataset.splits

    def _follow(self, runner: Runner) -> None:
        """Until the runner's last frame, or until it must be killed."""
        while True:
            for are_points, frames in groupby(runner.receive_all(TICK_S), lambda frame: frame.type in POINTS):
                if are_points:
                    self._ledger.record(list(frames))
                elif any(self._heed(runner, frame) for frame in frames):
                    return
            self._lease.check()
            self._pass_on_stop(runner)
            if self._stop_deadline is not None and time.monotonic() > self._stop_deadline:
                log.warning("%s: the runner did not stop in time, killed", self._name)
                runner.kill()
                self._end_stopped()
                return

    def _heed(self, runner: Runner, frame: Frame) -> bool:
        """Write down what the runner said, other than points. True if that was its last word."""
        header = frame.header
        match frame.type:
            case "checkpoint":
                path = Path(header["path"])
                self._ledger.add_checkpoint(path, header["step"], self._keep)
                path.unlink()
                runner.send("stored")
                log.info("%s: checkpoint at step %d", self._name, header["step"])
            case "started":
                self._ledger.begin()
            case "finished":
                why = header["why_eager"]
                note = f"its steps were not captured: {why}" if why else None
                end = self._ledger.succeed(Path(header["path"]), note)
                log.info("%s: %s%s", self._name, end, f"; {note}" if note else "")
                return True
            case "failed":
                error = header["error"]
                self._ledger.fail(error)
                log.info("%s: failed (%s): %s", self._name, error["code"], error["message"])
                return True
            case "stopped":
                self._end_stopped()
                return True
            case other:
                raise RunnerDied(f"the runner sent an unknown frame {other!r}")
        return False

    def _pass_on_stop(self, runner: Runner) -> None:
        """Tell the runner of a cancel request or of our own shutdown, once; a shutdown shortens its grace."""
        now = time.monotonic()
        if self._stop_deadline is None and not self._wanted():
            self._stop_deadline = now + CANCEL_GRACE_S
            runner.send("stop", save=not self._lease.cancelling)
        if self._stop_deadline is not None and self._host.stopping.is_set() and not self._hurried:
            self._hurried = True
            self._stop_deadline = min(self._stop_deadline, now + SHUTDOWN_GRACE_S)

    def _end_stopped(self) -> None:
        """The runner has stopped because we asked it to: for a cancel, else for our own shutdown."""
        self._lease.check()
        if self._lease.cancelling:
            self._ledger.cancel()
            log.info("%s: cancelled", self._name)
        else:
            self._ledger.release()
            log.info("%s: given back", self._name)

    def _lose(self, reason: str) -> None:
        with suppress(StaleAttempt, LeaseLost):  # the reconciler has settled it, or will
            if self._host.stopping.is_set():  # we, or whoever stops us, ended the runner
                self._end_stopped()
            else:
                log.error("%s: %s", self._name, reason)
                self._ledger.lose(reason, self._host.settings.max_attempts)
