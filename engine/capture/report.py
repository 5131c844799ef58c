"""What became of a captured step: its programs, and why something runs eagerly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One program of a step, for arguments of some shapes and one state of everything around.

    arguments: shapes and dtypes of the tensors that it takes
    recorded, dropped: calls of the recorded step, and how many of them a replay leaves out
    native, runs: calls that native kernels make, and in how many runs of them
    gaps: ops that Python calls between those, each with how many calls
    fused: calls that are made together, in one pass over memory or one round of the threads, and how often
    arena_bytes: of the memory in which native kernels leave what they compute on the way
    kept_bytes: of what leaves the step: results and gradients
    """

    arguments: str
    recorded: int
    dropped: int
    native: int
    runs: int
    gaps: Mapping[str, int]
    fused: Mapping[str, int]
    arena_bytes: int
    kept_bytes: int
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
                f"dropped, {each.native} native in {each.runs} runs; arena {each.arena_bytes / 1e6:.3g} MB, "
                f"kept {each.kept_bytes / 1e6:.3g} MB; {each.replays} replays"
            )
            if each.fused:
                fused = ", ".join(f"{name} ({count})" for name, count in each.fused.items())
                lines.append(f"    together: {fused}")
            if each.gaps:
                gaps = ", ".join(f"{op} {count}" for op, count in sorted(each.gaps.items()))
                lines.append(f"    by Python: {gaps}")
        lines += [f"  eager, {count} calls: {reason}" for reason, count in self.fallbacks]
        if self.last:
            lines.append(f"  the last call: {self.last}")
        return "\n".join(lines)
