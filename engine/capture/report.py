"""What became of a captured step: its programs, and why something runs eagerly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One program of a step, for arguments of some shapes and one state of everything around.

    arguments: shapes and dtypes of the tensors that it takes
    recorded, dropped: calls of the recorded step, and how many of them a replay leaves out
    size_bytes: of the memory that one run takes, all of it counted
    """

    arguments: str
    recorded: int
    dropped: int
    size_bytes: int
    replays: int


@dataclass(frozen=True)
class Report:
    """str() of it is meant for reading.

    replays: calls that a program served; eager: calls that ran as written, recorded ones among them
    fallbacks: why calls run eagerly for good, each with how many have
    last: why the last call was not a replay, "" where it was one
    """

    name: str
    variants: Sequence[Variant]
    replays: int
    eager: int
    recorded: int
    fallbacks: Sequence[tuple[str, int]]
    last: str

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.replays} replays, {self.eager} eager calls "
            f"({self.recorded} of them recorded)"
        ]
        for k, each in enumerate(self.variants):
            lines.append(
                f"  program {k} for ({each.arguments}): {each.recorded} calls, {each.dropped} of them "
                f"dropped, {each.size_bytes / 1e6:.3g} MB, {each.replays} replays"
            )
        lines += [f"  eager, {count} calls: {reason}" for reason, count in self.fallbacks]
        if self.last:
            lines.append(f"  the last call: {self.last}")
        return "\n".join(lines)
