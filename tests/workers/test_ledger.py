"""What a runner says is written once, whatever the database does meanwhile."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from service.settings import Settings
from service.store import Store, attempts, curves, events, references
from service.store.attempts import Attempt
from service.store.curves import Column
from tests.workers.jobs_for_tests import get, submit
from tests.workers.proxies import Proxy
from workers.channel import Frame, encode_points
from workers.lease import Lease
from workers.ledger import Ledger


@pytest.fixture
def attempt(store: Store) -> Attempt:
    return _claim(store, submit(store))


def _claim(store: Store, job_id: str) -> Attempt:
    with store.write() as session:
        claim = attempts.claim(session, job_id, "worker-1", 30)
    assert claim is not None
    return claim.attempt


def _ledger(store: Store, attempt: Attempt) -> Ledger:
    return Ledger(store, attempt, Lease(store, attempt, 30, 5))


def _record(ledger: Ledger, first: int, n: int = 3) -> None:
    steps = np.arange(first, first + n, dtype=np.int64)
    column = Column("loss", steps, steps / 10, steps + 10**12, np.ones(n, np.int32))
    columns, body = encode_points([column])
    ledger.record([Frame({"type": "metrics", "columns": columns, "epoch": 1, "step": int(steps[-1])}, body)])


def _steps(store: Store, job_id: str) -> list[int]:
    with store.read() as session:
        return [int(step) for step in curves.read(session, job_id, "loss").column.steps]


@pytest.fixture
def proxy(settings: Settings) -> Iterator[Proxy]:
    with Proxy(settings.database_url) as proxy:
        yield proxy


@pytest.fixture
def through(settings: Settings, proxy: Proxy) -> Iterator[Store]:
    """The same store, by way of the proxy."""
    store = Store.open(settings.model_copy(update={"database_url": proxy.url}))
    yield store
    store.close()


on_postgres = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


def _postgres(test):
    for mark in on_postgres:
        test = mark(test)
    return test


@_postgres
def test_points_whose_commit_was_not_answered_are_not_stored_twice(
    store: Store, attempt: Attempt, through: Store, proxy: Proxy
) -> None:
    ledger = _ledger(through, attempt)
    _record(ledger, 1)
    proxy.lose_commit_answer()
    _record(ledger, 4)
    assert proxy.lost.is_set()
    _record(ledger, 7)
    assert _steps(store, attempt.job_id) == list(range(1, 10))


@_postgres
def test_an_end_whose_commit_was_not_answered_is_no_failure(
    store: Store, attempt: Attempt, through: Store, proxy: Proxy, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.write_bytes(b"weights")
    ledger = _ledger(through, attempt)
    ledger.begin()
    proxy.lose_commit_answer()
    assert ledger.succeed(weights) == "succeeded"
    assert proxy.lost.is_set()
    with store.read() as session:
        kinds = [event.type for event in events.after(session, attempt.job_id, 0, 100)]
    assert kinds == ["status", "status", "status", "weights", "status"]


@_postgres
def test_what_is_said_while_the_database_is_away_is_written_when_it_is_back(
    store: Store, attempt: Attempt, through: Store, proxy: Proxy
) -> None:
    ledger = _ledger(through, attempt)
    _record(ledger, 1)
    proxy.cut()
    back = threading.Timer(0.5, proxy.mend)
    back.start()
    _record(ledger, 4)
    back.join()
    assert _steps(store, attempt.job_id) == list(range(1, 7))


def test_an_old_checkpoint_goes_with_its_blob_unless_another_job_has_the_same(
    store: Store, attempt: Attempt, tmp_path: Path
) -> None:
    other = _claim(store, submit(store))
    blobs = {}
    for number, (holder, content) in enumerate([(attempt, b"one"), (other, b"one"), (attempt, b"two")]):
        path = tmp_path / str(number)
        path.write_bytes(content)
        _ledger(store, holder).add_checkpoint(path, 10 * (number + 1), keep=1)
        blobs[content] = store.blobs.put_file(path).sha256
    assert store.blobs.path(blobs[b"one"]).read_bytes() == b"one"
    path = tmp_path / "3"
    path.write_bytes(b"three")
    _ledger(store, other).add_checkpoint(path, 40, keep=1)
    assert not (store.blobs.folder / blobs[b"one"][:2] / blobs[b"one"]).exists()
    assert store.blobs.path(blobs[b"two"]).read_bytes() == b"two"


def test_a_blob_dropped_between_putting_and_naming_is_put_again(
    store: Store, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file, drops = store.blobs.put_file, []

    def put_and_lose(path: Path):  # another job, with the same bytes, drops them just then
        blob = put_file(path)
        if not drops:
            with store.write() as session:
                drops.append(references.drop(session, store.blobs, blob.sha256))
        return blob

    monkeypatch.setattr(store.blobs, "put_file", put_and_lose)
    path = tmp_path / "state"
    path.write_bytes(b"state")
    _ledger(store, attempt).add_checkpoint(path, 10, keep=1)
    assert drops == [True]
    with store.write() as session:
        attempts.release(session, attempt, "again")
    claim_sha256 = _next_checkpoint(store, attempt.job_id)
    assert store.blobs.path(claim_sha256).read_bytes() == b"state"


def _next_checkpoint(store: Store, job_id: str) -> str:
    with store.write() as session:
        claim = attempts.claim(session, job_id, "worker-2", 30)
    assert claim is not None
    assert claim.checkpoint_sha256 is not None
    return claim.checkpoint_sha256


def test_a_checkpoint_forgives_the_attempts_lost_before(
    store: Store, attempt: Attempt, tmp_path: Path
) -> None:
    with store.write() as session:
        attempts.lose(session, attempt, "died", 3)
    assert get(store, attempt.job_id).lost_attempts == 1
    with store.write() as session:
        session.get_one(type(get(store, attempt.job_id)), attempt.job_id).not_before = None
    second = _claim(store, attempt.job_id)
    path = tmp_path / "state"
    path.write_bytes(json.dumps("state").encode())
    _ledger(store, second).add_checkpoint(path, 10, keep=1)
    assert get(store, attempt.job_id).lost_attempts == 0
