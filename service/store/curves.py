"""Curves: a metric's points, packed into chunks on the way in and read back raw or as min/max buckets.

A chunk is the zlib-compressed concatenation of four little-endian columns: step int64 and timestamp int64,
each as differences from the one before, epoch int32, value float64.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from service.store.tables import CurveChunk


@dataclass(frozen=True)
class Column:
    """Points of one metric, by rising step. All arrays have one length."""

    key: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    timestamps_ms: NDArray[np.int64]
    epochs: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.steps)

    def take(self, index: slice | NDArray[np.integer] | NDArray[np.bool_]) -> Column:
        return Column(
            self.key, self.steps[index], self.values[index], self.timestamps_ms[index], self.epochs[index]
        )


@dataclass(frozen=True)
class Curve:
    """A read curve: its points, the attempt that recorded each, and how many there were before bucketing."""

    column: Column
    attempts: NDArray[np.int32]
    total_points: int


def pack(column: Column) -> bytes:
    deltas = [np.diff(column.steps, prepend=0), np.diff(column.timestamps_ms, prepend=0)]
    parts = [part.astype("<i8").tobytes() for part in deltas]
    parts += [column.epochs.astype("<i4").tobytes(), column.values.astype("<f8").tobytes()]
    return zlib.compress(b"".join(parts), 1)


def unpack(key: str, points: int, data: bytes) -> Column:
    raw = zlib.decompress(data)
    steps = np.cumsum(np.frombuffer(raw, "<i8", points))
    timestamps_ms = np.cumsum(np.frombuffer(raw, "<i8", points, offset=8 * points))
    epochs = np.frombuffer(raw, "<i4", points, offset=16 * points)
    values = np.frombuffer(raw, "<f8", points, offset=20 * points)
    return Column(key, steps, values, timestamps_ms, epochs)


def append(session: Session, job_id: str, seq: int, attempt: int, columns: Sequence[Column]) -> None:
    """Store one chunk per column under the event number `seq`. Called under the fence (`attempts.record`)."""
    for column in columns:
        if len(column):
            session.execute(
                insert(CurveChunk).values(job_id=job_id, seq=seq, attempt=attempt, **_chunk_values(column))
            )


def rewind(session: Session, job_id: str, step: int) -> None:
    """Forget every point beyond `step`: an attempt continues from there and will record them again."""
    session.execute(delete(CurveChunk).where(CurveChunk.job_id == job_id, CurveChunk.step_first > step))
    straddling = select(CurveChunk).where(CurveChunk.job_id == job_id, CurveChunk.step_last > step)
    for chunk in session.scalars(straddling).all():
        column = unpack(chunk.key, chunk.points, chunk.data)
        kept = _chunk_values(column.take(column.steps <= step))
        session.execute(
            update(CurveChunk)
            .where(CurveChunk.job_id == job_id, CurveChunk.seq == chunk.seq, CurveChunk.key == chunk.key)
            .values(**kept)
            .execution_options(synchronize_session=False)
        )


def keys(session: Session, job_id: str) -> list[str]:
    """The metrics that the job has points of."""
    query = select(CurveChunk.key).where(CurveChunk.job_id == job_id).distinct().order_by(CurveChunk.key)
    return list(session.scalars(query))


def count(session: Session, job_id: str, key: str) -> int:
    query = select(func.sum(CurveChunk.points)).where(CurveChunk.job_id == job_id, CurveChunk.key == key)
    return session.scalar(query) or 0


def read(
    session: Session,
    job_id: str,
    key: str,
    step_from: int | None = None,
    step_to: int | None = None,
    buckets: int | None = None,
) -> Curve:
    """The points of one metric with step_from <= step <= step_to.

    With `buckets`, at most that many points: the steps are cut into buckets / 2 equal runs and each gives its
    least and its greatest point, so no spike is lost.
    """
    query = select(CurveChunk).where(CurveChunk.job_id == job_id, CurveChunk.key == key)
    if step_from is not None:
        query = query.where(CurveChunk.step_last >= step_from)
    if step_to is not None:
        query = query.where(CurveChunk.step_first <= step_to)
    chunks = session.scalars(query.order_by(CurveChunk.seq)).all()
    columns = [unpack(chunk.key, chunk.points, chunk.data) for chunk in chunks]
    column = _join(key, columns)
    attempts = np.repeat(
        np.array([chunk.attempt for chunk in chunks], np.int32), [chunk.points for chunk in chunks]
    )
    inside = np.ones(len(column), np.bool_)
    if step_from is not None:
        inside &= column.steps >= step_from
    if step_to is not None:
        inside &= column.steps <= step_to
    column, attempts = column.take(inside), attempts[inside]
    total = len(column)
    if buckets is not None and total > buckets:
        chosen = extremes(column.values, max(1, buckets // 2))
        column, attempts = column.take(chosen), attempts[chosen]
    return Curve(column, attempts, total)


def after(session: Session, job_id: str, seq: int, limit: int) -> list[tuple[int, int, Column]]:
    """(seq, attempt, column) of the chunks of at most `limit` numbers above `seq`, in order."""
    newer = select(CurveChunk.seq).where(CurveChunk.job_id == job_id, CurveChunk.seq > seq).distinct()
    last = session.scalar(select(func.max(newer.order_by(CurveChunk.seq).limit(limit).subquery().c.seq)))
    if last is None:
        return []
    query = select(CurveChunk).where(
        CurveChunk.job_id == job_id, CurveChunk.seq > seq, CurveChunk.seq <= last
    )
    chunks = session.scalars(query.order_by(CurveChunk.seq, CurveChunk.key))
    return [(chunk.seq, chunk.attempt, unpack(chunk.key, chunk.points, chunk.data)) for chunk in chunks]


def extremes(values: NDArray[np.float64], runs: int) -> NDArray[np.intp]:
    """Indices, rising, of the least and greatest value of each of `runs` equal runs of `values`.

    NaN counts as greatest, so it shows.
    """
    edges = np.linspace(0, len(values), runs + 1).astype(np.intp)
    chosen = []
    for first, end in pairwise(edges):
        if first < end:
            run = values[first:end]
            chosen += [first + np.argmin(np.where(np.isnan(run), np.inf, run)), first + np.argmax(run)]
    return np.unique(np.array(chosen, np.intp))


def _chunk_values(column: Column) -> dict[str, object]:
    return {
        "key": column.key,
        "step_first": int(column.steps[0]),
        "step_last": int(column.steps[-1]),
        "points": len(column),
        "data": pack(column),
    }


def _join(key: str, columns: Sequence[Column]) -> Column:
    if not columns:
        none = np.empty(0, np.int64)
        return Column(key, none, none.astype(np.float64), none, none.astype(np.int32))
    return Column(
        key,
        np.concatenate([column.steps for column in columns]),
        np.concatenate([column.values for column in columns]),
        np.concatenate([column.timestamps_ms for column in columns]),
        np.concatenate([column.epochs for column in columns]),
    )
