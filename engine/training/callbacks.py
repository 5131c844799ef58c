"""What a training run tells the world while it runs, and the one question that it asks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.training.state import TrainingState


@dataclass(frozen=True)
class MetricColumn:
    """The points of one metric since the last report, oldest first. The arrays belong to the receiver."""

    key: str
    steps: NDArray[np.int64]  # [n], counted from 1 over the whole run
    values: NDArray[np.float64]  # [n]
    timestamps_ms: NDArray[np.int64]  # [n], Unix time
    epochs: NDArray[np.int32]  # [n], counted from 1


class Callbacks:
    """Override what you need. All are called in the training thread, so training waits while they run."""

    def on_metrics(self, batch: list[MetricColumn]) -> None:
        """After the first step, then at most once each `report_interval_s`; also before checkpoints, after
        epochs and at the end."""

    def on_progress(self, epoch: int, epochs: int, step: int, steps_total: int) -> None:
        """With each `on_metrics`: the epoch under way (from 1) and the steps done."""

    def on_epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """After each epoch (from 1) and its evaluation: "train_loss", "train_accuracy", "test_loss", ..."""

    def on_checkpoint(self, state: "TrainingState") -> None:
        """Every `checkpoint.every_steps` steps. The state is a copy: training doesn't change it."""

    def should_stop(self) -> bool:
        """Asked before every step, or before several that are made in one call (in a tenth of a second at
        most); must be cheap. True ends the run after the step that is done."""
        return False
