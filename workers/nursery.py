"""Runners: fresh interpreters that train one job each. One spare is kept warm, with the engine imported.

Every runner is started by one thread that lives as long as the process: on Linux a runner is killed when the
*thread* that started it ends (PR_SET_PDEATHSIG), and so with any death of the worker.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from workers.channel import Frame, FrameReader

READY_S = 60.0  # a cold import of the engine on a slow disk, beside other jobs
LOOK_S = 0.2  # how often whoever waits here asks whether to wait on
SPARE_CHECK_S = 10.0
SPARE_PAUSE_S = 0.5  # after a runner has gone out: its first step shan't share the cores with an import
_FRAMES_MOST = 200  # that are taken at once
_PIPE_BYTES = 1 << 20  # room for metrics while the database is slow

CLOSING = "the worker shuts down"

log = logging.getLogger("kiln.worker")


class RunnerDied(Exception):
    """The runner ended without saying how its job ended."""


class Runner:
    """The worker's handle on one runner process, which leads its own session and process group."""

    def __init__(self, concurrency: int) -> None:
        """concurrency: how many runners share the machine."""
        ours, theirs = os.pipe()
        threads = threads_each(concurrency)
        try:
            # the environment limits threads before the runner's libraries read it
            environment = {
                **os.environ,
                "OPENBLAS_NUM_THREADS": str(threads),
                "OMP_NUM_THREADS": str(threads),
            }
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "workers.runner"),
                    *(str(theirs), str(os.getpid()), str(cores_each(concurrency))),
                ],
                stdin=subprocess.PIPE,
                stdout=sys.stderr.fileno(),
                pass_fds=(theirs,),
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        _widen(ours)
        self._reader = FrameReader(ours)
        self.engine_report: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_ready(self, closing: threading.Event) -> None:
        """Return once the runner has imported the engine. Raises RunnerDied; the runner is killed then."""
        deadline = time.monotonic() + READY_S
        try:
            while (frame := self.receive(LOOK_S)) is None:
                if closing.is_set():
                    raise RunnerDied(CLOSING)
                if time.monotonic() > deadline:
                    raise RunnerDied(f"a runner was not ready after {READY_S:.0f} s")
            self.engine_report = frame.header["engine"]
        except BaseException:
            self.kill()
            raise

    def send(self, type_: str, **command: Any) -> None:
        """Give the runner a command. If it has ended, `receive` tells so, after its last words."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps({"type": type_, **command}).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, timeout_s: float) -> Frame | None:
        """The runner's next frame, or None if none came in time. Raises RunnerDied."""
        try:
            return self._reader.receive(timeout_s)
        except EOFError as error:
            raise RunnerDied(self._epitaph()) from error

    def receive_all(self, timeout_s: float) -> list[Frame]:
        """The runner's next frames, as many as are there; none if none came in time. Raises RunnerDied."""
        first = self.receive(timeout_s)
        frames = [] if first is None else [first]
        with suppress(EOFError):  # the next call meets it again
            while frames and len(frames) < _FRAMES_MOST and (frame := self._reader.receive(0.0)) is not None:
                frames.append(frame)
        return frames

    def kill(self) -> None:
        """End the runner and whatever it has started, and release its pipes. Harmless when repeated."""
        if self._process.stdin is None or self._process.stdin.closed:
            return
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.close()
        with suppress(OSError):  # a command may be left in the buffer of a dead pipe
            self._process.stdin.close()

    def _epitaph(self) -> str:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return "the runner closed its pipe"
        if code == -signal.SIGKILL:
            return "the runner was killed by SIGKILL, as the system does when it has no memory left"
        if code < 0:
            return f"the runner was killed by {signal.Signals(-code).name}"
        return f"the runner ended with status {code}"


def cores_each(concurrency: int) -> int:
    """How many threads a runner's native kernels get: an equal share of the cores.

    They wait for work that is done, not for each other: one that has to share its core delays nobody.
    """
    return max(1, (os.cpu_count() or 1) // concurrency)


def threads_each(concurrency: int) -> int:
    """How many threads OpenBLAS gets in a runner: an equal share of the cores, less one.

    The one is the API's, the broker's and ours. OpenBLAS spins while it waits for its threads: as soon as one
    of them has to share its core, every product waits for it. Measured on 2 busy cores, steps of a two-layer
    network per second: 110 with 2 threads, 1,650 with 1.
    """
    return max(1, ((os.cpu_count() or 1) - 1) // concurrency)


class Nursery:
    """Hands out runners and keeps one spare ready."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._requests: queue.SimpleQueue[Future[Runner] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="nursery", daemon=True)
        self._spare: Runner | None = None
        self._closing = threading.Event()
        self._report: dict[str, Any] = {}

    def start(self) -> None:
        self._thread.start()

    def take(self, wanted: Callable[[], bool]) -> Runner | None:
        """A runner that is ready for its one job; the next spare is started afterwards. Raises RunnerDied.

        wanted: asked again and again while there is none to hand out; once it says no, the answer is None.
        """
        request: Future[Runner] = Future()
        self._requests.put(request)
        while True:
            try:
                return request.result(LOOK_S)
            except TimeoutError:
                if not wanted() and request.cancel():
                    return None
                if self._closing.is_set() and not self._thread.is_alive() and request.cancel():
                    raise RunnerDied(CLOSING) from None

    def engine_report(self) -> dict[str, Any]:
        """What the last runner said of the engine: devices, backends. Empty before the first is ready."""
        return self._report

    def close(self) -> None:
        """Kill the spare and end the thread, which kills every runner that is still out."""
        self._closing.set()
        if self._thread.is_alive():
            self._requests.put(None)
            self._thread.join()

    def _serve(self) -> None:
        self._prepare_spare()
        was_taken = False  # the spare, and no other has been started
        while not self._closing.is_set():
            try:
                request = self._requests.get(timeout=SPARE_PAUSE_S if was_taken else SPARE_CHECK_S)
            except queue.Empty:
                if was_taken:
                    was_taken = False
                    self._prepare_spare()
                elif self._spare is not None and not self._spare.alive:
                    log.warning("the spare runner has died; starting another")
                    self._prepare_spare()
                continue
            if request is not None:
                was_taken = self._answer(request) or was_taken
        if self._spare is not None:
            self._spare.kill()

    def _answer(self, request: Future[Runner]) -> bool:
        """Hand out the spare, or a runner that is started for it; whether that was done."""
        try:
            if self._spare is None or not self._spare.alive:
                self._spare = self._spawn()
        except Exception as error:
            if request.set_running_or_notify_cancel():
                request.set_exception(error)
            return False  # no second try at once: the next job makes it
        if not request.set_running_or_notify_cancel():
            return False
        runner, self._spare = self._spare, None
        request.set_result(runner)
        return True

    def _prepare_spare(self) -> None:
        try:
            self._spare = self._spawn()
        except Exception as error:  # this thread must live: with it would go every runner
            if not self._closing.is_set():
                log.error("no spare runner: %s", error)  # the next job tries again and tells its user

    def _spawn(self) -> Runner:
        if self._spare is not None:
            self._spare.kill()  # dead already: this gives back its pipes
            self._spare = None
        runner = Runner(self._concurrency)
        runner.wait_ready(self._closing)
        self._report = runner.engine_report
        return runner


def _widen(descriptor: int) -> None:
    """Enlarge a pipe where the system can; elsewhere it keeps its size and the runner waits sooner."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (ImportError, AttributeError, OSError) as error:
        log.debug("the pipe keeps its size: %s", error)
