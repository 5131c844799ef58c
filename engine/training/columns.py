"""Metric points gathered in arrays that are allocated once, handed out as columns."""

import time

import numpy as np
from numpy.typing import NDArray

from engine.training.callbacks import MetricColumn


class Curve:
    """The points of one metric that wait for the next report."""

    def __init__(self, key: str, capacity: int) -> None:
        self.key = key
        self.count = 0
        self.steps = np.empty(capacity, np.int64)
        self.values = np.empty(capacity, np.float64)
        self.timestamps_ms = np.empty(capacity, np.int64)
        self.epochs = np.empty(capacity, np.int32)

    def add(self, step: int, value: float, epoch: int, timestamp_ms: int) -> None:
        at = self.count
        if at == len(self.steps):
            self._grow()
        self.steps[at] = step
        self.values[at] = value
        self.timestamps_ms[at] = timestamp_ms
        self.epochs[at] = epoch
        self.count = at + 1

    def extend(
        self,
        first: int,
        values: NDArray[np.float64],
        epoch: int,
        timestamps_ms: NDArray[np.int64],
    ) -> None:
        """Points of as many steps in a row."""
        at, end = self.count, self.count + len(values)
        while end > len(self.steps):
            self._grow()
        self.steps[at:end] = np.arange(first, first + len(values))
        self.values[at:end] = values
        self.timestamps_ms[at:end] = timestamps_ms
        self.epochs[at:end] = epoch
        self.count = end

    def take(self) -> MetricColumn:
        """The waiting points; none wait afterwards."""
        n, self.count = self.count, 0
        return MetricColumn(
            self.key,
            self.steps[:n].copy(),
            self.values[:n].copy(),
            self.timestamps_ms[:n].copy(),
            self.epochs[:n].copy(),
        )

    def _grow(self) -> None:
        size = 2 * len(self.steps)
        self.steps = np.resize(self.steps, size)
        self.values = np.resize(self.values, size)
        self.timestamps_ms = np.resize(self.timestamps_ms, size)
        self.epochs = np.resize(self.epochs, size)


class Curves:
    """All metrics of a run, by key, in the order of their first point."""

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._curves: dict[str, Curve] = {}

    def add(self, key: str, step: int, value: float, epoch: int, timestamp_ms: int | None = None) -> None:
        self._curve(key).add(step, value, epoch, now_ms() if timestamp_ms is None else timestamp_ms)

    def extend(
        self,
        key: str,
        first: int,
        values: NDArray[np.float64],
        epoch: int,
        timestamps_ms: NDArray[np.int64],
    ) -> None:
        """Points [n] of the steps from `first` on."""
        self._curve(key).extend(first, values, epoch, timestamps_ms)

    def take(self) -> list[MetricColumn]:
        """A column for each metric that has points waiting."""
        return [curve.take() for curve in self._curves.values() if curve.count]

    def _curve(self, key: str) -> Curve:
        curve = self._curves.get(key)
        if curve is None:
            curve = self._curves[key] = Curve(key, self._capacity)
        return curve


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
