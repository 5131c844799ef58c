"""Curves: what a metric did over the steps of a job."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class MetricPoint:
    """One value of one metric. `step` counts from 1 over the whole job, `attempt` is the try that made it.
    NaN stands for any value that is not finite."""

    key: str
    step: int
    value: float
    timestamp: datetime
    epoch: int
    attempt: int

    @classmethod
    def parse(cls, sent: Mapping[str, Any]) -> "MetricPoint":
        return cls(
            key=str(sent["key"]),
            step=int(sent["step"]),
            value=math.nan if sent["value"] is None else float(sent["value"]),
            timestamp=datetime.fromisoformat(str(sent["timestamp"])),
            epoch=int(sent["epoch"]),
            attempt=int(sent["attempt"]),
        )


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric as arrays, ready for a plot: `plt.plot(curve.steps, curve.values)`.

    steps: [n] int64, ascending; values: [n] float64; epochs: [n] int64
    total_points: how many the service holds; more than n where it was asked to thin them out
    """

    key: str
    steps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    epochs: npt.NDArray[np.int64]
    total_points: int

    @classmethod
    def of(cls, key: str, points: Sequence[MetricPoint], total_points: int) -> "Curve":
        return cls(
            key=key,
            steps=np.array([p.step for p in points], dtype=np.int64),
            values=np.array([p.value for p in points], dtype=np.float64),
            epochs=np.array([p.epoch for p in points], dtype=np.int64),
            total_points=total_points,
        )

    def __len__(self) -> int:
        return len(self.steps)
