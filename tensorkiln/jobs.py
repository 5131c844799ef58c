"""Jobs: submit, watch, wait, and fetch what they leave behind."""

import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import ConfigDict, Field, PrivateAttr

from tensorkiln.downloads import download
from tensorkiln.errors import Invalid, JobFailed, KilnError, TimedOut
from tensorkiln.records import Record
from tensorkiln.transport import Transport

if TYPE_CHECKING:  # numpy and the event stream load when they are asked for
    from tensorkiln.curves import Curve, MetricPoint
    from tensorkiln.events import Event

_WINDOW = 100_000  # steps; a metric has at most one value per step

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})

_STANDING = {
    "queued": "has not started yet",
    "starting": "is only starting",
    "running": "is still running",
    "cancelling": "is being cancelled",
    "succeeded": "succeeded, but left none",
    "failed": "failed",
    "cancelled": "was cancelled",
}


class Progress(Record):
    """Where the training stands. `step` counts over the whole job; `fraction` is within [0, 1]."""

    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps_total: int = 0
    fraction: float = 0.0


class StatusChange(Record):
    """One line of a job's history."""

    state: str
    at: datetime
    reason: str | None = None
    attempt: int | None = None


class JobError(Record):
    """Why a job failed. category: `user` (the job asks for what can't be) or `server`."""

    code: str
    message: str
    param: str | None = None
    category: str | None = None


class Weights(Record):
    """The trained weights, a safetensors file."""

    sha256: str
    size_bytes: int
    url: str


class Validation(Record):
    """The verdict on a job that was sent with validate_only: it would be accepted.

    definition: the job with every default filled in; model: its shapes and cost, layer by layer
    estimate: parameters, FLOPs, steps, peak memory
    """

    definition: dict[str, Any]
    model: dict[str, Any]
    estimate: dict[str, Any]


class Job(Record):
    """A training job as the service last described it; `refresh` asks again and updates it in place.

    state: queued -> starting -> running -> succeeded | failed; cancelling -> cancelled
    metrics: the latest summary, e.g. {"train_loss": …, "test_accuracy": …}
    definition: the job as the service understood it, every default filled in
    """

    model_config = ConfigDict(frozen=False)

    id: str
    state: str
    name: str | None = None
    status_reason: str | None = None
    status_history: tuple[StatusChange, ...] = ()
    attempt: int = 0
    queue_position: int | None = None
    progress: Progress = Progress()
    estimated_finish: datetime | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    model: Any = None
    dataset: Any = None
    device: str | None = None
    definition: dict[str, Any] | None = None
    estimate: dict[str, Any] | None = None
    metrics: dict[str, float | None] = Field(default_factory=dict)
    weights: Weights | None = None
    error: JobError | None = None

    _transport: Transport = PrivateAttr()

    @classmethod
    def attached(cls, sent: Mapping[str, Any], transport: Transport) -> Self:
        job = cls.parse(sent)
        job._transport = transport
        return job

    def __repr__(self) -> str:
        progress = f"epoch {self.progress.epoch}/{self.progress.epochs}"
        return f"<Job {self.id} {self.name or ''} {self.state}, {progress}>".replace("  ", " ")

    __str__ = __repr__

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended, one way or another. It will not change any more."""
        return self.state in TERMINAL

    @property
    def why(self) -> str:
        """What there is to say behind the state, "" if nothing: `: the loss is NaN`, ` while queued`."""
        reason = self.error.message if self.error else self.status_reason or ""
        if reason.startswith(self.state):  # "cancelled while queued" says the state again
            return reason.removeprefix(self.state)
        return f": {reason}" if reason else ""

    @property
    def path(self) -> str:
        return f"/v1/jobs/{self.id}"

    def refresh(self) -> Self:
        """Ask the service for the present state; returns the job itself."""
        return self._become(self._transport.get(self.path))

    def cancel(self) -> Self:
        """Ask for an end. A running job stops at its next step: `wait(check=False)` waits for that.
        Raises Conflict if the job has ended already."""
        return self._become(self._transport.request("POST", f"{self.path}/cancel"))

    def wait(self, timeout_s: float | None = None, *, poll_s: float = 1.0, check: bool = True) -> Self:
        """Wait for the end; returns the job itself.

        Raises TimedOut after timeout_s (the job goes on) and, unless check is False,
        JobFailed if it ended as failed or cancelled.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = min(0.1, poll_s)  # short jobs are noticed soon, long ones are not pestered
        while not self.refresh().is_terminal:
            left_s = poll_s if deadline is None else deadline - time.monotonic()
            if left_s <= 0:
                raise TimedOut(f"job {self.id} is still {self.state} after {timeout_s:g} s")
            time.sleep(min(pause_s, left_s))
            pause_s = min(pause_s * 1.5, poll_s)
        if check and self.state != "succeeded":
            raise JobFailed(self)
        return self

    def follow(self, after: int | None = None) -> Iterator["Event"]:
        """Everything that happens to the job, as it happens, from the start or behind event number
        `after`, until it has ended. Survives broken connections."""
        from tensorkiln.events import follow

        return follow(self._transport, f"{self.path}/stream", after)

    def events(self) -> "list[Event]":
        """What has happened so far: status changes and ends of epochs."""
        from tensorkiln.events import Event

        events: list[Event] = []
        while True:
            after = events[-1].seq if events else None
            sent = self._transport.get(f"{self.path}/events", after=after, limit=100)
            events += [Event.parse(item) for item in sent["data"]]
            if not sent.get("has_more") or not sent["data"]:
                return events

    def points(
        self, key: str, *, step_from: int | None = None, step_to: int | None = None
    ) -> "list[MetricPoint]":
        """Every value of one metric, e.g. "loss"; steps within [step_from, step_to].

        Raises KilnError if the job has other metrics and will not have this one.
        """
        return self._points(key, step_from=step_from, step_to=step_to)[0]

    def curve(
        self,
        key: str,
        *,
        points: int | None = None,
        step_from: int | None = None,
        step_to: int | None = None,
    ) -> "Curve":
        """One metric as arrays. With `points`, about so many of them, each bucket's least and
        greatest value among them; without, all. Raises KilnError as `points` does."""
        from tensorkiln.curves import Curve

        read, total = self._points(key, points=points, step_from=step_from, step_to=step_to)
        return Curve.of(key, read, total)

    def download_weights(self, path: str | Path | None = None) -> Path:
        """Fetch the weights into `path` (default: <name or id>.safetensors; a folder: into it).

        The file appears complete and with the right sha256, or not at all; a download that was cut
        off goes on where it stopped. Returns the path.
        Raises KilnError if the job has left no weights, DownloadCorrupt, APIError, OSError.
        """
        if self.weights is None:
            self.refresh()
        if self.weights is None:
            raise KilnError(f"job {self.id} has no weights: it {_STANDING.get(self.state, self.state)}")
        stem = re.sub(r"[^\w.-]+", "-", self.name or "").strip(".-") or self.id
        target = Path(path) if path is not None else Path(f"{stem}.safetensors")
        if target.is_dir():
            target = target / f"{stem}.safetensors"
        target.parent.mkdir(parents=True, exist_ok=True)
        weights = self.weights
        return download(self._transport, weights.url, target, weights.sha256, weights.size_bytes)

    def _points(self, key: str, **bounds: int | None) -> "tuple[list[MetricPoint], int]":
        from tensorkiln.curves import MetricPoint

        path = f"{self.path}/metrics"
        try:
            answers = [self._transport.get(path, key=key, **bounds)]
        except Invalid as refusal:
            if bounds.get("points") or not any(p.parameter == "points" for p in refusal.problems):
                raise
            # Too many to be had at once: window by window.
            first = bounds.get("step_from") or 1
            last = bounds.get("step_to") or self.refresh().progress.step
            answers = [
                self._transport.get(path, key=key, step_from=start, step_to=min(last, start + _WINDOW - 1))
                for start in range(first, last + 1, _WINDOW)
            ]
        known = [str(name) for name in answers[0].get("keys") or ()]
        # The first epoch's end brings test_loss where there is loss.
        may_come = not self.is_terminal and key.rpartition("_")[2] in known
        if known and key not in known and not may_come:
            raise KilnError(f"job {self.id} has no metric {key!r}; it has {', '.join(known)}")
        read = [MetricPoint.parse(item) for sent in answers for item in sent["data"]]
        return read, sum(int(sent["total_points"]) for sent in answers)

    def _become(self, sent: Mapping[str, Any]) -> Self:
        fresh = type(self).attached(sent, self._transport)
        self.__dict__.update(fresh.__dict__)
        self._sent = fresh._sent
        return self
