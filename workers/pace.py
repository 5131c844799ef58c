"""How fast a job has lately gone, for its estimated finish."""

from __future__ import annotations

import time

from service.store.attempts import Progress

_HALF_LIFE_S = 10.0


class Pace:
    """Steps per second, as an average that forgets with a half-life of ten seconds."""

    def __init__(self) -> None:
        self._steps = 0.0  # weighted
        self._seconds = 0.0  # weighted
        self._last: tuple[int, float] | None = None

    def progress(self, epoch: int, step: int) -> Progress:
        """Take note that `step` was reached now."""
        now = time.monotonic()
        if self._last is not None and step > self._last[0]:
            elapsed = now - self._last[1]
            fade = 0.5 ** (elapsed / _HALF_LIFE_S)
            self._steps = self._steps * fade + (step - self._last[0])
            self._seconds = self._seconds * fade + elapsed
        self._last = (step, now)
        return Progress(epoch, step, self._steps / self._seconds if self._seconds > 0 else None)
