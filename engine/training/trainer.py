"""The training loop: explicit state, saved and restored at any step, told about through callbacks."""

import math
import os
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from engine.autograd import no_grad
from engine.errors import CheckpointError
from engine.optim.lr_scheduler import ReduceLROnPlateau
from engine.serialization import save
from engine.spec.models import untouched_generator
from engine.tensor import Tensor
from engine.tensor.creation import tensor
from engine.tensor.random import default_generator
from engine.training.assembly import Parts, Splits, assemble
from engine.training.batches import epoch_order
from engine.training.callbacks import Callbacks
from engine.training.columns import Curves, now_ms
from engine.training.errors import LossNotFinite
from engine.training.loop import BLOCK_S, Loop
from engine.training.state import Progress, TrainingState
from engine.training.steps import Steps, measuring_step

EVALUATION_BATCH = 256  # at least: without a tape, larger batches cost little memory and less time
EVALUATION_BATCHES = 64  # at most in one call


@dataclass(frozen=True)
class FitResult:
    """How a run ended. metrics: the summary of the last whole epoch, "train_loss", "test_accuracy", ..."""

    status: Literal["finished", "stopped"]
    metrics: dict[str, float]


class Trainer:
    """One run of a job. `fit` trains; between steps the run can be saved, and restored elsewhere.

    After `restore`, `fit` gives the bits of a run that was never interrupted. While `fit` runs, the default
    generator is the run's own; afterwards it is as it was.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.model = parts.model
        self.steps_per_epoch = -(-len(parts.train) // parts.batch_size)
        self.steps_total = self.steps_per_epoch * parts.epochs
        self._curves = Curves()
        self._loop = Loop(parts, self._curves)
        self._measuring: Steps | None = None
        if parts.evaluation is not None:
            step = measuring_step(parts.model, parts.loss, list(parts.metrics.values()))
            self._measuring = Steps(step, parts.evaluation)
        self._measured = ("loss", *parts.metrics)
        self._progress = Progress(0, 0, 0, 0, self._zeros(), {}, parts.generator)
        self._fitting = False
        self._report_at = math.inf
        self._report_interval_s = math.inf

    @classmethod
    def from_job(cls, job: Mapping[str, Any], model: Mapping[str, Any], splits: Splits) -> "Trainer":
        """A run of a job document on a model definition.

        splits: {"train": (inputs [N, ...], targets [N, ...]), ...} as stored, before any transform
        Raises SpecError for what doesn't fit together.
        """
        return cls(assemble(job, model, splits))

    @property
    def step(self) -> int:
        """Steps done since the run began."""
        return self._progress.step

    @property
    def why_eager(self) -> str:
        """Why the steps run as they are written rather than as a program; empty where they don't."""
        return self._loop.why_eager

    def fit(self, callbacks: Callbacks | None = None, report_interval_s: float = 0.25) -> FitResult:
        """Train to the end of the last epoch, or until the callbacks want to stop; then call again to go on.

        Raises LossNotFinite (a NonFinite); MemoryError passes through.
        """
        callbacks = callbacks or Callbacks()
        progress = self._progress
        self._report_interval_s = report_interval_s
        self._report_at = -math.inf  # the first step's points are waited for
        with untouched_generator():
            default_generator.set_state(tensor(progress.generator))
            self._fitting = True
            try:
                self.model.train()
                while progress.epoch < self.parts.epochs:
                    if not self._run_epoch(callbacks):
                        self._report(callbacks)
                        return FitResult("stopped", dict(progress.summary))
                return FitResult("finished", dict(progress.summary))
            except LossNotFinite:
                self._report(callbacks)
                raise
            finally:
                self._fitting = False
                progress.generator = default_generator.get_state().tolist()

    def state(self) -> TrainingState:
        """A copy of all that the run needs to go on."""
        self._loop.settle()
        progress = deepcopy(self._progress)
        if self._fitting:
            progress.generator = default_generator.get_state().tolist()
        scheduler = self.parts.scheduler
        return TrainingState(
            weights={key: value.clone() for key, value in self.model.state_dict().items()},
            optimizer=_copied(self.parts.optimizer.state_dict()),
            scheduler=deepcopy(scheduler.state_dict()) if scheduler else None,
            progress=progress,
            fingerprint=self.parts.fingerprint,
        )

    def restore(self, state: TrainingState) -> None:
        """Go on from a state. Raises CheckpointError if it is of another job, and changes nothing then."""
        if state.fingerprint != self.parts.fingerprint:
            raise CheckpointError(
                "the state is of another run: its model, data, optimizer, batch_size or seed isn't this job's"
            )
        self.model.load_state_dict(state.weights)
        self.parts.optimizer.load_state_dict(state.optimizer)
        if self.parts.scheduler is not None and state.scheduler is not None:
            self.parts.scheduler.load_state_dict(deepcopy(state.scheduler))
        sums = {**self._zeros(), **state.progress.sums}
        self._progress = replace(deepcopy(state.progress), sums=sums)

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """The weights as safetensors, with the keys of PyTorch's state_dict."""
        save(dict(self.model.state_dict()), path)

    def _run_epoch(self, callbacks: Callbacks) -> bool:
        """The rest of the epoch under way with its evaluation; False if it was stopped before its end."""
        progress, parts = self._progress, self.parts
        order = epoch_order(len(parts.train), parts.seed, progress.epoch) if parts.shuffle else None
        while progress.position < self.steps_per_epoch:
            if not self._loop.run(
                progress,
                order,
                self._next_halt(),
                callbacks,
                lambda: self._report_at,
                lambda: self._report(callbacks),
            ):
                return False
            if parts.checkpoint_every and progress.step % parts.checkpoint_every == 0:
                # first the points up to here: a run that goes on from the state won't give them again
                self._report(callbacks)
                callbacks.on_checkpoint(self.state())
        return self._end_epoch(callbacks)

    def _next_halt(self) -> int:
        """The position in the epoch up to which steps can run without a break."""
        progress, every = self._progress, self.parts.checkpoint_every
        to_checkpoint = every - progress.step % every if every else self.steps_per_epoch
        return min(progress.position + to_checkpoint, self.steps_per_epoch)

    def _end_epoch(self, callbacks: Callbacks) -> bool:
        """Evaluate, sum up and begin the next epoch; False if evaluation was stopped."""
        progress, parts = self._progress, self.parts
        number = progress.epoch + 1
        summary = {f"train_{name}": progress.sums[name] / progress.seen for name in self._measured}
        if parts.evaluation is not None and (number % parts.every == 0 or number == parts.epochs):
            measured = self._measure(callbacks)
            if measured is None:
                return False
            if not math.isfinite(measured["loss"]):
                raise LossNotFinite(progress.step, measured["loss"], parts.evaluation_name)
            summary |= {f"{parts.evaluation_name}_{name}": value for name, value in measured.items()}
        at = now_ms()
        for key, value in summary.items():
            self._curves.add(key, progress.step, value, number, at)
        self._schedule(summary)
        progress.epoch, progress.position, progress.seen = number, 0, 0
        progress.sums, progress.summary = self._zeros(), summary
        self._report(callbacks)
        callbacks.on_epoch(number, dict(summary))
        return True

    def _schedule(self, summary: dict[str, float]) -> None:
        """Step a scheduler that goes by epochs; one that follows a metric, where the metric was measured.

        It follows the evaluation, or the training where there is none: the loss, or the job's first metric
        if it is to grow.
        """
        parts = self.parts
        if isinstance(parts.scheduler, ReduceLROnPlateau):
            split = "train" if parts.evaluation is None else parts.evaluation_name
            name = "loss" if parts.scheduler.mode == "min" else next(iter(parts.metrics), "loss")
            if f"{split}_{name}" in summary:
                parts.scheduler.step(summary[f"{split}_{name}"])
        elif parts.scheduler is not None and not parts.scheduler.per_step:
            parts.scheduler.step()

    def _measure(self, callbacks: Callbacks) -> dict[str, float] | None:
        """Mean loss and metrics over the split, in evaluation mode; None if the callbacks stopped it."""
        split, steps = self.parts.evaluation, self._measuring
        assert split is not None
        assert steps is not None
        sums = self._zeros()
        size = max(self.parts.batch_size, EVALUATION_BATCH)
        positions = max(math.prod(split.targets.shape[1:]), 1)
        self.model.eval()
        try:
            with no_grad():
                at = 0
                while at < len(split):
                    if callbacks.should_stop():
                        return None
                    count = min(size, len(split) - at)
                    batches = min((len(split) - at) // count, EVALUATION_BATCHES)
                    rows = np.arange(at, at + batches * count).reshape(batches, count)
                    found = steps.many(rows, {}, 1000 * BLOCK_S)
                    if found is None:
                        found = [np.array([x.item()]) for x in steps.one(rows[0])]
                    at += len(found[0]) * count
                    for name, column in zip(self._measured, found, strict=True):
                        for value in column.tolist():
                            sums[name] += value * count if name == "loss" else value / positions
        finally:
            self.model.train()
        return {name: total / len(split) for name, total in sums.items()}

    def _report(self, callbacks: Callbacks) -> None:
        """Hand out the points that wait."""
        self._report_at = time.monotonic() + self._report_interval_s
        columns = self._curves.take()
        if not columns:
            return
        callbacks.on_metrics(columns)
        progress = self._progress
        epoch = min(progress.epoch + 1, self.parts.epochs)
        callbacks.on_progress(epoch, self.parts.epochs, progress.step, self.steps_total)

    def _zeros(self) -> dict[str, float]:
        return dict.fromkeys(self._measured, 0.0)


def _copied(value: Any) -> Any:
    """A tree of dicts, lists and tensors that shares no tensor's memory."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
