"""Processes that take turns: one runs while the others are blocked, round after round."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.sides import SIDES, THREADS

SETTLE_S = 0.02  # for threads that spin on for a while after their last work
Figures = dict[str, Any]


class Lane:
    """The process of one side, and its turns so far. After `left_out` is set it takes no more of them."""

    def __init__(self, suite: str, side: str) -> None:
        self.side = side
        self.left_out: str | None = None
        self._steps = 1
        self._ms: list[float] = []
        self._faults: list[float] = []
        self._prepared: Figures = {}
        self._peak_mb = 0.0
        self._report: str | None = None
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # close() closes it
        threads = {f"{name}_NUM_THREADS": str(THREADS) for name in ("OMP", "OPENBLAS", "MKL")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", suite, side],
            env={**os.environ, **threads, **SIDES[side].environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def prepare(self, case: str) -> None:
        self.left_out = None
        self._ms, self._faults, self._steps, self._report = [], [], 1, None
        self._prepared = self._ask(prepare=case)

    def calibrate(self, turn_s: float) -> None:
        """Choose how many steps make a turn of about that long."""
        while self.left_out is None:
            seconds = self._ask(run=self._steps).get("seconds", turn_s)
            if seconds >= turn_s / 4 or self._steps >= 2**20:
                self._steps = max(1, round(self._steps * turn_s / max(seconds, 1e-9)))
                return
            self._steps *= 4

    def run(self) -> None:
        answer = self._ask(run=self._steps)
        if self.left_out is None:
            self._ms.append(answer["seconds"] / self._steps * 1000)
            self._faults.append(answer["faults"] / self._steps)
            self._peak_mb = answer["peak_mb"]
            self._report = answer.get("report")

    def figures(self) -> Figures:
        if self.left_out is not None:
            return {"left_out": self.left_out}
        return {
            "median_ms": statistics.median(self._ms),
            "fastest_ms": min(self._ms),
            "turns_ms": [round(ms, 6) for ms in self._ms],
            "steps_a_turn": self._steps,
            "faults_per_step": statistics.median(self._faults),
            "peak_mb": self._peak_mb,
            "first_s": self._prepared["first_s"],
            "losses": self._prepared["losses"],
            **({"report": self._report.splitlines()} if self._report else {}),
        }

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _ask(self, **told: Any) -> Figures:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(told), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer: Figures = json.loads(line) if line else {"left_out": self._last_words()}
        self.left_out = answer.get("left_out")
        return answer

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1][:160] if lines else f"ended with status {self._process.wait()}"


@contextmanager
def lanes(suite: str, sides: Sequence[str]) -> Iterator[list[Lane]]:
    """A process for each of these sides; they end with the block."""
    started: list[Lane] = []
    try:
        for side in sides:
            started.append(Lane(suite, side))
        yield started
    finally:
        for lane in started:
            lane.close()


def interleave(started: Sequence[Lane], case: str, rounds: int, turn_s: float) -> Mapping[str, Figures]:
    """Let every lane train the case in turn, each round begun by another. Figures by side."""
    for lane in started:
        lane.prepare(case)
    for lane in started:
        lane.calibrate(turn_s)
    for number in range(rounds):
        first = number % len(started)
        for lane in (*started[first:], *started[:first]):
            if lane.left_out is None:
                time.sleep(SETTLE_S)
                lane.run()
    return {lane.side: lane.figures() for lane in started}


def best_peer(figures: Mapping[str, Figures], statistic: str = "median_ms") -> float | None:
    """The least time of PyTorch's configurations, None without any."""
    times = [each[statistic] for side, each in figures.items() if "torch" in side and statistic in each]
    return min(times, default=None)
