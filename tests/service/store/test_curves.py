"""Packed curves: what goes in comes out, raw or in buckets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store import Store, attempts, curves
from service.store.attempts import Attempt, Progress
from service.store.curves import Column
from tests.service.store.jobs_for_tests import claim, submit


def _column(key: str, first: int, values: list[float]) -> Column:
    steps = np.arange(first, first + len(values), dtype=np.int64)
    return Column(key, steps, np.array(values), 1_700_000_000_000 + steps, np.full(len(values), 1, np.int32))


def _start(store: Store) -> Attempt:
    with store.write() as session:
        return claim(session, submit(session)).attempt


def _record(store: Store, attempt: Attempt, *columns: Column) -> None:
    with store.write() as session:
        attempts.record(session, attempt, columns, Progress(1, int(columns[0].steps[-1]), 10.0), 30)


@given(
    st.lists(
        st.tuples(st.integers(0, 2**40), st.floats(), st.integers(0, 2**42), st.integers(0, 2**30)),
        min_size=1,
    )
)
def test_packing_keeps_every_bit(points: list[tuple[int, float, int, int]]) -> None:
    steps, values, timestamps, epochs = zip(*points, strict=True)
    column = Column(
        "loss",
        np.array(steps, np.int64),
        np.array(values, np.float64),
        np.array(timestamps, np.int64),
        np.array(epochs, np.int32),
    )
    back = curves.unpack("loss", len(points), curves.pack(column))
    assert back.steps.tolist() == column.steps.tolist()
    assert back.values.tobytes() == column.values.tobytes()
    assert back.timestamps_ms.tolist() == column.timestamps_ms.tolist()
    assert back.epochs.tolist() == column.epochs.tolist()


def test_a_curve_of_several_chunks_reads_as_one(store: Store) -> None:
    attempt = _start(store)
    _record(store, attempt, _column("loss", 1, [3.0, 2.0]), _column("accuracy", 1, [0.1, 0.2]))
    _record(store, attempt, _column("loss", 3, [1.0]))
    with store.read() as session:
        curve = curves.read(session, attempt.job_id, "loss")
        assert curves.keys(session, attempt.job_id) == ["accuracy", "loss"]
        assert curves.count(session, attempt.job_id, "loss") == 3
    assert curve.column.steps.tolist() == [1, 2, 3]
    assert curve.column.values.tolist() == [3.0, 2.0, 1.0]
    assert curve.attempts.tolist() == [1, 1, 1]
    assert curve.total_points == 3


def test_step_bounds_are_inclusive_and_cut_within_chunks(store: Store) -> None:
    attempt = _start(store)
    _record(store, attempt, _column("loss", 1, [1.0, 2.0, 3.0, 4.0]))
    _record(store, attempt, _column("loss", 5, [5.0, 6.0]))
    with store.read() as session:
        curve = curves.read(session, attempt.job_id, "loss", step_from=3, step_to=5)
        none = curves.read(session, attempt.job_id, "loss", step_from=7)
    assert curve.column.steps.tolist() == [3, 4, 5]
    assert none.total_points == 0


def test_buckets_keep_a_lone_spike(store: Store) -> None:
    attempt = _start(store)
    values = [1.0] * 10_000
    values[4321] = 99.0
    values[8765] = -99.0
    _record(store, attempt, _column("loss", 1, values))
    with store.read() as session:
        curve = curves.read(session, attempt.job_id, "loss", buckets=100)
    assert curve.total_points == 10_000
    assert len(curve.column) <= 100
    spikes = {
        (int(s), float(v)) for s, v in zip(curve.column.steps, curve.column.values, strict=True) if v != 1
    }
    assert spikes == {(4322, 99.0), (8766, -99.0)}
    assert (np.diff(curve.column.steps) > 0).all()


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=200), st.integers(1, 50))
def test_every_run_gives_its_least_and_greatest(values: list[float], runs: int) -> None:
    chosen = curves.extremes(np.array(values), runs)
    assert len(chosen) <= 2 * runs
    picked = np.array(values)[chosen]
    assert picked.min() == min(values)
    assert picked.max() == max(values)


def test_a_nan_is_not_lost_among_the_extremes() -> None:
    assert 3 in curves.extremes(np.array([1.0, 2.0, 5.0, np.nan, 4.0]), 1)


@pytest.mark.parametrize(("step", "kept"), [(0, []), (2, [1, 2]), (3, [1, 2, 3]), (9, [1, 2, 3, 4])])
def test_rewinding_forgets_what_lies_beyond_the_step(store: Store, step: int, kept: list[int]) -> None:
    attempt = _start(store)
    _record(store, attempt, _column("loss", 1, [1.0, 2.0, 3.0]))
    _record(store, attempt, _column("loss", 4, [4.0]))
    with store.write() as session:
        curves.rewind(session, attempt.job_id, step)
    with store.read() as session:
        assert curves.read(session, attempt.job_id, "loss").column.steps.tolist() == kept


def test_a_live_feed_never_gets_half_of_one_record(store: Store) -> None:
    attempt = _start(store)
    _record(store, attempt, _column("loss", 1, [1.0]), _column("accuracy", 1, [0.5]))
    _record(store, attempt, _column("loss", 2, [2.0]), _column("accuracy", 2, [0.6]))
    with store.read() as session:
        first = curves.after(session, attempt.job_id, 0, limit=1)
        rest = curves.after(session, attempt.job_id, first[-1][0], limit=10)
        assert curves.after(session, attempt.job_id, rest[-1][0], limit=10) == []
    assert [column.key for _, _, column in first] == ["accuracy", "loss"]
    assert [column.values.tolist() for _, _, column in rest] == [[0.6], [2.0]]
