"""Training one job: the engine's Trainer, its callbacks sent on as frames."""

from __future__ import annotations

import logging
import math
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.training import Callbacks, MetricColumn, Trainer, TrainingState
from workers.channel import FrameWriter, encode_points
from workers.failures import describe
from workers.runner.arrays import mapped
from workers.runner.commands import Commands

REPORT_S = 0.5  # between two reports of metrics: each is a transaction, and a message to every follower

log = logging.getLogger("kiln.runner")


class Reporter(Callbacks):
    """Sends what the trainer tells, in the training thread; each frame is one write to a pipe."""

    def __init__(self, frames: FrameWriter, commands: Commands, scratch: Path) -> None:
        self._frames = frames
        self._commands = commands
        self._scratch = scratch
        self._checkpoints = 0

    def on_metrics(self, batch: list[MetricColumn]) -> None:
        columns, body = encode_points(batch)
        last = max(int(column.steps[-1]) for column in batch)
        epoch = max(int(column.epochs[-1]) for column in batch)
        self._frames.send("metrics", body, columns=columns, epoch=epoch, step=last)

    def on_epoch(self, epoch: int, summary: dict[str, float]) -> None:
        # JSON has no infinities; an evaluation may meet one though the training loss was finite
        metrics = {key: value if math.isfinite(value) else None for key, value in summary.items()}
        self._frames.send("epoch", epoch=epoch, metrics=metrics)

    def on_checkpoint(self, state: TrainingState) -> None:
        self._commands.stored.wait()  # one at a time: else a slow disk would fill with those not yet stored
        self._commands.stored.clear()
        self._checkpoints += 1
        path = self._scratch / f"checkpoint-{self._checkpoints}.safetensors"
        state.save(path)
        self._frames.send("checkpoint", path=str(path), step=state.step, epoch=state.epoch)

    def should_stop(self) -> bool:
        return self._commands.stop


def train(command: Mapping[str, Any], frames: FrameWriter, commands: Commands) -> None:
    """Obey a `train` command. The last frame tells how it ended: finished, stopped or failed."""
    memory_mb = int(command["memory_mb"])
    try:
        _limit_memory(memory_mb)
        scratch = Path(command["scratch"])
        trainer = _trainer(command)
        frames.send("started")
        reporter = Reporter(frames, commands, scratch)
        result = trainer.fit(reporter, REPORT_S)
        if result.status == "stopped":
            if commands.save:
                reporter.on_checkpoint(trainer.state())
            frames.send("stopped")
            return
        weights = scratch / "weights.safetensors"
        trainer.save_weights(weights)
        frames.send("finished", path=str(weights), why_eager=trainer.why_eager)
    except Exception as error:
        failure = describe(error, memory_mb)
        if failure.category == "server":
            log.exception("%s failed", command["job_id"])
        frames.send("failed", error=failure.to_dict())


def _trainer(command: Mapping[str, Any]) -> Trainer:
    splits = {name: _load_split(Path(path)) for name, path in command["splits"].items()}
    definition = command["definition"]
    trainer = Trainer.from_job(definition, definition["model"], splits)
    if command["checkpoint"] is not None:
        trainer.restore(TrainingState.load(Path(command["checkpoint"])))
    return trainer


def _load_split(path: Path) -> tuple[np.ndarray, np.ndarray]:
    arrays = mapped(path)
    return arrays["x"], arrays["y"]


def _limit_memory(memory_mb: int) -> None:
    """Past the limit an allocation raises MemoryError, of which the job's user is told."""
    if memory_mb and sys.platform == "linux":
        limit = memory_mb << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
