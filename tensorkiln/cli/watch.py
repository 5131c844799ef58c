"""Following a job in the terminal: a live bar, a line per epoch, the loss curve at the end.

Without a terminal the same story in plain lines.
"""

import time
from collections import deque
from datetime import datetime
from typing import Any

import numpy as np
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from tensorkiln.cli.output import STATE_STYLES, duration
from tensorkiln.events import Event
from tensorkiln.jobs import TERMINAL, Job
from tensorkiln.plot import plot

_RATE_WINDOW_S = 10.0
_PLAIN_PAUSE_S = 30.0
_POINTS = 10_000  # the most that the service gives in buckets


def watch(job: Job, console: Console) -> Job:
    """Follow the job to its end and draw its loss; returns it refreshed."""
    view = View(job, console)
    with view:
        for event in job.follow():
            view.take(event)
    job.refresh()
    draw_loss(job, console)
    console.print(verdict(job))
    return job


def verdict(job: Job) -> Text:
    """The job's end on one line."""
    line = Text.assemble((job.state, STATE_STYLES.get(job.state, "")))
    if job.started_at and job.finished_at:
        line.append(f" {'after' if job.state == 'cancelled' else 'in'} ")
        line.append(duration((job.finished_at - job.started_at).total_seconds()))
    if job.state == "succeeded":
        for key in ("test_accuracy", "train_accuracy", "test_loss", "train_loss"):
            if (value := job.metrics.get(key)) is not None:
                line.append(f", {key.replace('_', ' ')} ").append(f"{value:.4f}", "bold")
                break
    else:
        line.append(job.why)
    return line


def draw_loss(job: Job, console: Console) -> None:
    """The curve of the training loss, if there is one."""
    width = max(40, min(console.width if console.is_terminal else 80, 100) - 2)
    curve = job.curve("loss", points=_POINTS)
    if len(curve) < 2:
        return
    # Single batches are noisy: what is drawn is the mean of each dot column's worth of them.
    means = [float(run.mean()) for run in np.array_split(curve.values, min(len(curve), 2 * width))]
    steps = np.linspace(1, curve.steps[-1], len(means)).tolist()
    lines = plot(steps, means, width=width, height=13, label="loss, by step")
    console.print(Text("\n".join(["", *lines, ""])))


class View:
    """What is shown of a running job; takes its events in order."""

    def __init__(self, job: Job, console: Console) -> None:
        self._console = console
        self._state = job.state
        self._epoch, self._epochs = job.progress.epoch, job.progress.epochs
        self._step, self._steps_total = job.progress.step, job.progress.steps_total
        self._latest: dict[str, float] = {}
        self._pace: deque[tuple[float, int]] = deque()  # (time, step), lately
        self._columns: list[str] = []
        self._epoch_began: datetime | None = None
        self._spinner = Spinner("dots")
        self._last_plain = time.monotonic()
        self._live = Live(
            console=console, get_renderable=self.__rich__, refresh_per_second=8, transient=True, screen=False
        )

    def __enter__(self) -> "View":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def take(self, event: Event) -> None:
        if event.type == "status":
            self._take_status(event)
        elif event.type == "metrics":
            self._take_metrics(event)
        elif event.type == "epoch":
            self._take_epoch(event)

    def _take_status(self, event: Event) -> None:
        self._state = str(event.data.get("state", self._state))
        if self._state == "running":
            self._epoch_began = event.at
        self._pace.clear()
        reason = event.data.get("reason")
        if self._state in TERMINAL:
            return  # the verdict tells it better
        if reason or not self._console.is_terminal:
            line = Text(self._state, STATE_STYLES.get(self._state, ""))
            self._console.print(line.append(f": {reason}" if reason else ""))

    def _take_metrics(self, event: Event) -> None:
        for column in event.data.get("columns", []):
            if column.get("values") and column["values"][-1] is not None:
                self._latest[column["key"]] = column["values"][-1]
        progress = event.data.get("progress") or {}
        self._epoch = int(progress.get("epoch", self._epoch))
        self._epochs = int(progress.get("epochs", self._epochs))
        self._step = int(progress.get("step", self._step))
        self._steps_total = int(progress.get("steps_total", self._steps_total))
        now = event.at.timestamp() if event.at else time.time()
        self._pace.append((now, self._step))
        while len(self._pace) > 2 and now - self._pace[0][0] > _RATE_WINDOW_S:
            self._pace.popleft()
        if not self._console.is_terminal and time.monotonic() - self._last_plain > _PLAIN_PAUSE_S:
            self._say_plain(self._numbers())

    def _take_epoch(self, event: Event) -> None:
        metrics: dict[str, float | None] = event.data.get("metrics") or {}
        if not self._columns:
            self._columns = list(metrics)
            heads = [f"{key.replace('_', ' '):>{_width(key)}}" for key in self._columns]
            self._console.print(Text("  ".join([f"{'epoch':>8}", *heads, f"{'time':>7}"]), "bold"))
        cells = [f"{_number(metrics.get(key)):>{_width(key)}}" for key in self._columns]
        took = ""
        if event.at and self._epoch_began:
            took = duration((event.at - self._epoch_began).total_seconds())
        self._epoch_began = event.at
        epoch = f"{event.data.get('epoch', '?')}/{self._epochs or '?'}"
        self._say_plain("  ".join([f"{epoch:>8}", *cells, f"{took:>7}"]))

    def _say_plain(self, line: str) -> None:
        self._console.print(Text(line))
        self._last_plain = time.monotonic()

    def _numbers(self) -> str:
        parts = [f"epoch {self._epoch}/{self._epochs}", f"step {self._step:,}/{self._steps_total:,}"]
        parts += [f"{key} {self._latest[key]:.4f}" for key in ("loss", "accuracy") if key in self._latest]
        if (pace := self._steps_per_s()) is not None:
            parts.append(f"{pace:,.0f} steps/s")
        return "   ".join(parts)

    def _steps_per_s(self) -> float | None:
        if len(self._pace) < 2:
            return None
        (then, start), (now, end) = self._pace[0], self._pace[-1]
        return (end - start) / (now - then) if now > then and end > start else None

    def __rich__(self) -> Any:
        """The live part: state, bar and numbers."""
        state = Text(f"{self._state} ", STATE_STYLES.get(self._state, ""))
        if self._state != "running" or not self._steps_total:
            self._spinner.update(text=state)
            return self._spinner
        done = self._step / self._steps_total
        pace = self._steps_per_s()
        left = f"{duration((self._steps_total - self._step) / pace)} left" if pace else ""
        bar = Table.grid(padding=(0, 1))
        bar.add_row(state, ProgressBar(self._steps_total, self._step, width=40), Text(f"{done:4.0%}  {left}"))
        return Group(bar, Text(self._numbers(), "dim"))


def _width(key: str) -> int:
    return max(len(key), 8)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
