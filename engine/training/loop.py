"""The steps of an epoch: many in one call where the step is a program for that, else one by one.

Either way their losses and metrics are read together, a tenth of a second's worth at a time, so that no step
waits for Python to look at the one before.
"""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.transform import Draws
from engine.spec.references import first_of
from engine.tensor import Tensor
from engine.training.assembly import Parts
from engine.training.batches import Rows
from engine.training.callbacks import Callbacks
from engine.training.columns import Curves, now_ms
from engine.training.errors import LossNotFinite
from engine.training.rates import Ahead
from engine.training.state import Progress
from engine.training.steps import Steps, training_step

BLOCK_S = 0.1
FIRST_BLOCK = 16  # steps, before it is known how long one takes


class Loop:
    """Trains, and writes down what each step gave.

    why_eager: why the steps run as they are written; empty where they don't
    """

    def __init__(self, parts: Parts, curves: Curves) -> None:
        self._parts, self._curves = parts, curves
        metrics = list(parts.metrics.values())
        self._steps = Steps(training_step(parts.model, parts.loss, parts.optimizer, metrics), parts.train)
        # of steps whose results are still to be read: samples, Unix time in ms, and the results
        self._pending: list[tuple[int, int, tuple[Tensor, ...]]] = []
        self._progress: Progress | None = None
        self._block_steps = FIRST_BLOCK

    @property
    def why_eager(self) -> str:
        if self._parts.optimizer.needs_closure:
            return f"{type(self._parts.optimizer).__name__} evaluates its step as often as it needs"
        return self._steps.why_eager

    def run(
        self,
        progress: Progress,
        order: Rows | None,
        halt: int,
        callbacks: Callbacks,
        due: Callable[[], float],
        report: Callable[[], None],
    ) -> bool:
        """Steps up to the position `halt` of the epoch; False if the callbacks stopped them.

        order: in which the epoch visits the samples, None as they stand
        due: when the next report is to be made, of time.monotonic
        Raises LossNotFinite; progress and curves are then as before the step.
        """
        self._progress = progress
        draws = Draws(self._parts.seed, progress.epoch)
        settle_at = time.monotonic() + BLOCK_S
        singles = pause = 0  # steps until a block is tried again, and how many they were the last time
        while progress.position < halt:
            if callbacks.should_stop():
                break
            now = time.monotonic()
            if now >= settle_at:
                self.settle()
                settle_at = now + BLOCK_S
                singles = 0
            if not singles and self._block(progress, order, halt, min(BLOCK_S, max(0.0, due() - now))):
                pause = 0
            else:
                if not singles:
                    singles = pause = 2 * pause + 1
                singles -= 1
                self._single(progress, order, draws)
            if time.monotonic() >= due():
                self.settle()
                report()
        self.settle()
        return progress.position >= halt

    def settle(self) -> None:
        """Read the results of the steps done so far. Raises LossNotFinite."""
        if self._progress is None or not self._pending:
            return
        counts, stamps, results = zip(*self._pending, strict=True)
        self._pending = []
        columns = [np.array([x.item() for x in column], np.float64) for column in zip(*results, strict=True)]
        self._tell(self._progress, np.array(counts), np.array(stamps), columns)

    def _block(self, progress: Progress, order: Rows | None, halt: int, seconds: float) -> bool:
        """Several steps in one call, if that can be."""
        self.settle()
        parts, size = self._parts, self._parts.batch_size
        if parts.optimizer.needs_closure:
            return False
        samples = len(parts.train)
        start = progress.position * size
        steps = min(halt, samples // size) - progress.position
        stop = start + min(steps, self._block_steps) * size if steps > 0 else samples
        rows = self._rows(order, start, stop).reshape(-1, min(size, stop - start))
        ahead, rates = None, {}
        if parts.scheduler is not None and parts.scheduler.per_step:
            ahead = Ahead(parts.scheduler, parts.optimizer, len(rows))
            rates[parts.optimizer] = ahead.table
        began, began_ms = time.monotonic(), now_ms()
        found = None
        if ahead is None or ahead.is_all:
            found = self._steps.many(rows, rates, seconds * 1000)
        done = len(found[0]) if found else 0
        if ahead is not None:
            ahead.go_to(done)
        if not found:
            return False
        took = max(time.monotonic() - began, 1e-6)
        # a bit more than fits in: where it ends, the time says
        self._block_steps = 1 + int(1.25 * done * BLOCK_S / took)
        self._advance(progress, done, done * rows.shape[1])
        stamps = began_ms + (np.arange(1, done + 1) * (took * 1000 / done)).astype(np.int64)
        counts = np.full(done, rows.shape[1])
        self._tell(progress, counts, stamps, [column.astype(np.float64) for column in found])
        return True

    def _single(self, progress: Progress, order: Rows | None, draws: Draws) -> None:
        """One step, whose results are read later."""
        parts = self._parts
        start = progress.position * parts.batch_size
        rows = self._rows(order, start, min(start + parts.batch_size, len(parts.train)))
        if parts.optimizer.needs_closure:
            results = self._closed(progress, rows, draws)
        else:
            results = self._steps.one(rows, draws)
        if parts.scheduler is not None and parts.scheduler.per_step:
            parts.scheduler.step()
        self._advance(progress, 1, len(rows))
        self._pending.append((len(rows), now_ms(), results))

    def _closed(self, progress: Progress, rows: Rows, draws: Draws) -> tuple[Tensor, ...]:
        """A step of an optimizer that evaluates anew; its results are those of the first evaluation."""
        parts = self._parts
        inputs, targets = parts.train.rows(rows, draws)
        seen: list[tuple[Tensor, ...]] = []

        def evaluate() -> Tensor:
            output = parts.model(inputs)
            loss = parts.loss(output, targets)
            if not seen:
                if not math.isfinite(value := float(loss.item())):
                    self.settle()
                    raise LossNotFinite(progress.step + 1, value)
                first = first_of(output).detach()
                seen.append((loss.detach(), *[each(first, targets) for each in parts.metrics.values()]))
            parts.optimizer.zero_grad()
            loss.backward()
            return loss

        parts.optimizer.step(evaluate)
        return seen[0]

    def _rows(self, order: Rows | None, start: int, stop: int) -> Rows:
        return np.arange(start, stop) if order is None else order[start:stop]

    def _advance(self, progress: Progress, steps: int, samples: int) -> None:
        progress.step += steps
        progress.position += steps
        progress.seen += samples

    def _tell(
        self,
        progress: Progress,
        counts: NDArray[np.int64],
        stamps: NDArray[np.int64],
        columns: list[NDArray[Any]],
    ) -> None:
        """Write down the last steps: samples, times, losses, and sums over positions for each metric."""
        bad = np.flatnonzero(~np.isfinite(columns[0]))
        good = int(bad[0]) if len(bad) else len(counts)
        first = progress.step - len(counts) + 1
        positions = max(math.prod(self._parts.train.targets.shape[1:]), 1)
        totals = [columns[0] * counts, *[column / positions for column in columns[1:]]]
        values = [columns[0], *[total / counts for total in totals[1:]]]
        for name, total, value in zip(("loss", *self._parts.metrics), totals, values, strict=True):
            for each in total[:good].tolist():  # one after the other, however many are told at once
                progress.sums[name] += each
            self._curves.extend(name, first, value[:good], progress.epoch + 1, stamps[:good])
        if good < len(counts):
            lost = counts[good:]
            self._advance(progress, -len(lost), -int(lost.sum()))
            raise LossNotFinite(first + good, float(columns[0][good]))
