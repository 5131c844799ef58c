"""Who looks on at calls of the CPU's kernels: put around their table and taken away again, in any order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from engine.backends import KernelTable, WrappedTable
from engine.device import CPU

Wrap = Callable[[str, Callable[..., Any]], Callable[..., Any]]
# how far out the two kinds stand: what is recorded are kernels, and never a profile's timing of them
RECORDING, PROFILE = 0, 1

_LOCK = threading.Lock()
# from the kernels outwards
_wraps: list[tuple[int, Wrap]] = []
_plain: list[KernelTable] = []


def put_around(wrap: Wrap, kind: int) -> KernelTable:
    """Have each kernel wrapped as it is looked up, from now on and by all threads.

    wrap: from an op's name and its kernel to what stands in for it
    kind: RECORDING or PROFILE; of each there is one at a time
    Returns the kernels as they are without anybody.
    """
    with _LOCK:
        if not _wraps:
            _plain[:] = [CPU.kernels]
        _wraps.append((kind, wrap))
        _wraps.sort(key=lambda each: each[0])
        return _build()


def take_away(wrap: Wrap) -> None:
    """Undo `put_around`, whatever else was put or taken since then."""
    with _LOCK:
        _wraps[:] = [each for each in _wraps if each[1] != wrap]
        _build()


def _build() -> KernelTable:
    table = plain = _plain[0]
    for _, wrap in _wraps:
        table = WrappedTable(table, wrap)
    CPU.kernels = table
    return plain
