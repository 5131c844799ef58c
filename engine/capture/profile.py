"""Where a step's time goes: the calls of kernels, timed op by op."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from engine.capture.seam import PROFILE, put_around, take_away

# the profile that is being taken
ACTIVE: list[Profile] = []
_TURN = threading.Lock()


@dataclass(frozen=True)
class Row:
    """What the calls of one op took.

    op: its name; several of them where a captured step makes their calls together
    shapes: of the operands of its calls' first one, where rows are by shape; else empty
    where: "native" for calls made from C++ within a captured step, "python" for the others
    seconds: all of them together
    """

    op: str
    where: str
    shapes: tuple[tuple[int, ...], ...]
    calls: int
    seconds: float


class Profile:
    """A `with` block whose kernel calls are timed, in eager and in captured steps, of all threads.

    seconds: how long the block took, and how much of it kernels did
    """

    def __init__(self) -> None:
        self.seconds = self.kernel_seconds = 0.0
        self._times: dict[tuple[str, str, tuple[tuple[int, ...], ...]], list[float]] = {}
        self._lock = threading.Lock()
        self._began = 0.0

    def __enter__(self) -> Profile:
        if not _TURN.acquire(blocking=False):
            raise RuntimeError("another profile is being taken; one at a time")
        ACTIVE.append(self)
        put_around(self.timed, PROFILE)
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.seconds += time.perf_counter() - self._began
        take_away(self.timed)
        ACTIVE.clear()
        _TURN.release()

    def add(self, op: str, where: str, shapes: tuple[tuple[int, ...], ...], seconds: float) -> None:
        """Count a call."""
        with self._lock:
            found = self._times.setdefault((op, where, shapes), [0, 0.0])
            found[0] += 1
            found[1] += seconds
            self.kernel_seconds += seconds

    def timed(self, op: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """The kernel, whose calls are counted."""

        def timed(*given: Any) -> Any:
            began = time.perf_counter()
            made = kernel(*given)
            took = time.perf_counter() - began
            self.add(op, "python", tuple([x.shape for x in given if hasattr(x, "shape")]), took)
            return made

        return timed

    def rows(self, by_shape: bool = False) -> list[Row]:
        """What took the longest first."""
        merged: dict[Any, list[float]] = {}
        for (op, where, shapes), (calls, seconds) in self._times.items():
            found = merged.setdefault((op, where, shapes if by_shape else ()), [0, 0.0])
            found[0] += calls
            found[1] += seconds
        rows = [
            Row(op, where, shapes, int(calls), seconds)
            for (op, where, shapes), (calls, seconds) in merged.items()
        ]
        return sorted(rows, key=lambda row: -row.seconds)

    def table(self, by_shape: bool = False, limit: int = 30) -> str:
        """The rows as text: op, calls, milliseconds, share of the time in kernels, microseconds a call."""
        lines = [
            f"{self.seconds * 1e3:.3g} ms, {self.kernel_seconds * 1e3:.3g} ms of them in kernels",
            f"{'op':<28}{'where':<8}{'calls':>8}{'ms':>10}{'share':>8}{'us a call':>11}",
        ]
        rows = self.rows(by_shape)
        for row in rows[:limit]:
            share = row.seconds / self.kernel_seconds if self.kernel_seconds else 0.0
            lines.append(
                f"{row.op:<28}{row.where:<8}{row.calls:>8}{row.seconds * 1e3:>10.3f}{share:>8.1%}"
                f"{row.seconds / row.calls * 1e6:>11.1f}{_shown(row.shapes)}"
            )
        if len(rows) > limit:
            rest = sum(row.seconds for row in rows[limit:])
            lines.append(f"{len(rows) - limit} more rows took {rest * 1e3:.3f} ms")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.table()


def profile() -> Profile:
    """A `with` block whose kernel calls are timed op by op.

        with engine.profile() as timings:
            for x, y in batches:
                step(x, y)
        print(timings.table(by_shape=True))

    Timing costs about a microsecond per call. Blocks of steps without Python run step by step meanwhile.
    """
    return Profile()


def _shown(shapes: Sequence[tuple[int, ...]]) -> str:
    return "".join(f"  {list(shape)}" for shape in shapes)
