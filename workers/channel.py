"""How a runner and its worker talk.

Worker to runner: JSON lines on the runner's stdin; its end means that the worker is gone.
Runner to worker: frames on a pipe, each `<u32 header length><u32 body length><JSON header><body>`.
"""

from __future__ import annotations

import json
import os
import selectors
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_LENGTHS = struct.Struct("<II")
_READ_BYTES = 1 << 18


class Points(Protocol):
    """Points of one metric: what both the engine's and the store's columns look like."""

    @property
    def key(self) -> str: ...
    @property
    def steps(self) -> NDArray[np.int64]: ...
    @property
    def values(self) -> NDArray[np.float64]: ...
    @property
    def timestamps_ms(self) -> NDArray[np.int64]: ...
    @property
    def epochs(self) -> NDArray[np.int32]: ...


@dataclass(frozen=True)
class Frame:
    header: dict[str, Any]
    body: bytes

    @property
    def type(self) -> str:
        return str(self.header["type"])


class FrameWriter:
    """The runner's end. Used by one thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, type_: str, body: bytes = b"", **header: Any) -> None:
        head = json.dumps({"type": type_, **header}, allow_nan=False).encode()
        view = memoryview(_LENGTHS.pack(len(head), len(body)) + head + body)
        while view:
            view = view[os.write(self._descriptor, view) :]


class FrameReader:
    """The worker's end: frames as they come, without ever blocking longer than asked."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._ended = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(descriptor, selectors.EVENT_READ)

    def receive(self, timeout_s: float) -> Frame | None:
        """The next frame, or None if none came in time. Raises EOFError once the runner has hung up."""
        deadline = time.monotonic() + timeout_s
        while (frame := self._take()) is None:
            if self._ended:
                raise EOFError("the runner has closed its pipe")
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                return None
            block = os.read(self._descriptor, _READ_BYTES)
            self._ended = not block
            self._buffer += block
        return frame

    def close(self) -> None:
        self._selector.close()
        os.close(self._descriptor)

    def _take(self) -> Frame | None:
        if len(self._buffer) < _LENGTHS.size:
            return None
        head_length, body_length = _LENGTHS.unpack_from(self._buffer)
        end = _LENGTHS.size + head_length + body_length
        if len(self._buffer) < end:
            return None
        header = json.loads(self._buffer[_LENGTHS.size : _LENGTHS.size + head_length])
        body = bytes(self._buffer[_LENGTHS.size + head_length : end])
        del self._buffer[:end]
        return Frame(header, body)


def encode_points(columns: Sequence[Points]) -> tuple[list[dict[str, Any]], bytes]:
    """A frame's `columns` header and body for some metrics' points."""
    header = [{"key": column.key, "points": len(column.steps)} for column in columns]
    parts = []
    for column in columns:
        parts += [column.steps.astype("<i8"), column.values.astype("<f8")]
        parts += [column.timestamps_ms.astype("<i8"), column.epochs.astype("<i4")]
    return header, b"".join(part.tobytes() for part in parts)


def decode_points(header: Sequence[dict[str, Any]], body: bytes) -> list[tuple[str, list[NDArray[Any]]]]:
    """(key, [steps, values, timestamps_ms, epochs]) of each metric of a frame."""
    offset, out = 0, []
    for entry in header:
        points, columns = entry["points"], []
        for kind in ("<i8", "<f8", "<i8", "<i4"):
            columns.append(np.frombuffer(body, kind, points, offset))
            offset += columns[-1].nbytes
        out.append((str(entry["key"]), columns))
    return out
