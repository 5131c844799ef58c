"""One piece of memory for all that a program computes on its way: who is gone makes room for who comes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

ALIGNMENT = 64


class Need(NamedTuple):
    """So many bytes from the first to the last of some calls, both included."""

    size_bytes: int
    first: int
    last: int


def planned(needs: list[Need]) -> tuple[list[int], int]:
    """Offsets in bytes for each need, and the size of it all.

    The largest are placed first, each into the smallest gap among those whose time overlaps with its own
    (greedy by size, best fit; Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
    2020).
    """
    offsets = [0] * len(needs)
    placed: list[int] = []
    total = 0
    for k in sorted(range(len(needs)), key=lambda k: -needs[k].size_bytes):
        size = -(-needs[k].size_bytes // ALIGNMENT) * ALIGNMENT
        busy = sorted(
            (offsets[other], offsets[other] + needs[other].size_bytes)
            for other in placed
            if needs[other].first <= needs[k].last and needs[k].first <= needs[other].last
        )
        best, best_gap, end = None, 0, 0
        for begin, stop in busy:
            gap = begin - end
            if gap >= size and (best is None or gap < best_gap):
                best, best_gap = end, gap
            end = max(end, -(-stop // ALIGNMENT) * ALIGNMENT)
        offsets[k] = end if best is None else best
        total = max(total, offsets[k] + size)
        placed.append(k)
    return offsets, total


def memory(size_bytes: int) -> Any:
    """So many bytes at an aligned address, written to once, so that no step waits for a page of them."""
    raw = np.zeros(size_bytes + ALIGNMENT, np.uint8)
    raw.fill(0)
    start = -raw.__array_interface__["data"][0] % ALIGNMENT
    return raw[start : start + size_bytes]
