"""The pipe between a runner and its worker."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.channel import FrameReader, FrameWriter, decode_points, encode_points


@dataclass(frozen=True)
class _Points:
    key: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    timestamps_ms: NDArray[np.int64]
    epochs: NDArray[np.int32]


@pytest.fixture
def ends() -> Iterator[tuple[FrameReader, int]]:
    ours, theirs = os.pipe()
    reader = FrameReader(ours)
    yield reader, theirs
    reader.close()


def test_frames_arrive_in_order_with_their_bodies(ends: tuple[FrameReader, int]) -> None:
    reader, descriptor = ends
    writer = FrameWriter(descriptor)
    writer.send("started")
    writer.send("metrics", b"\x00\x01", step=3)
    first, second = reader.receive(5), reader.receive(5)
    os.close(descriptor)
    assert first is not None
    assert second is not None
    assert (first.type, first.body) == ("started", b"")
    assert (second.type, second.header["step"], second.body) == ("metrics", 3, b"\x00\x01")


def test_a_frame_larger_than_the_pipe_arrives_whole(ends: tuple[FrameReader, int]) -> None:
    reader, descriptor = ends
    body = os.urandom(3_000_000)

    def write() -> None:
        FrameWriter(descriptor).send("big", body)
        os.close(descriptor)

    thread = threading.Thread(target=write)
    thread.start()
    frame = reader.receive(30)
    thread.join()
    assert frame is not None
    assert frame.body == body


def test_waiting_for_a_frame_ends_in_time_though_half_of_one_is_there(ends: tuple[FrameReader, int]) -> None:
    reader, descriptor = ends
    os.write(descriptor, b"\x40\x00\x00")
    started = time.monotonic()
    assert reader.receive(0.05) is None
    assert time.monotonic() - started < 5
    os.close(descriptor)


def test_a_runner_that_has_gone_is_told_from_a_silent_one(ends: tuple[FrameReader, int]) -> None:
    reader, descriptor = ends
    FrameWriter(descriptor).send("last")
    os.close(descriptor)
    last = reader.receive(5)
    assert last is not None
    assert last.type == "last"
    with pytest.raises(EOFError):
        reader.receive(5)


def test_points_survive_the_trip() -> None:
    columns = [
        _Points(
            key,
            np.arange(1, n + 1, dtype=np.int64),
            np.linspace(0.1, 2.3, n),
            np.arange(n, dtype=np.int64) + 10**12,
            np.ones(n, np.int32),
        )
        for key, n in (("loss", 5), ("accuracy", 3))
    ]
    header, body = encode_points(columns)
    back = decode_points(header, body)
    assert [key for key, _ in back] == ["loss", "accuracy"]
    for column, (_, arrays) in zip(columns, back, strict=True):
        expected = (column.steps, column.values, column.timestamps_ms, column.epochs)
        for sent, received in zip(expected, arrays, strict=True):
            np.testing.assert_array_equal(sent, received)
