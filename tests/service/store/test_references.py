"""Blobs go when no row names them, and no sooner."""

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store import Store, attempts, datasets, references
from service.store.errors import BlobMissing
from tests.service.store.jobs_for_tests import claim, submit


def _put(store: Store, content: bytes, age_s: float = 0.0) -> str:
    sha256 = store.blobs.put(io.BytesIO(content)).sha256
    if age_s:
        path = store.blobs.path(sha256)
        os.utime(path, (path.stat().st_mtime - age_s,) * 2)
    return sha256


def _name_by_artifact(store: Store, content: bytes) -> str:
    blob = store.blobs.put(io.BytesIO(content))
    with store.write() as session:
        attempt = claim(session, submit(session)).attempt
        references.hold(session, store.blobs, blob.sha256)
        attempts.add_artifact(session, attempt, attempts.KIND_WEIGHTS, 1, blob)
    return blob.sha256


def _name_by_dataset(store: Store, content: bytes) -> str:
    sha256 = _put(store, content)
    with store.write() as session:
        datasets.ensure_builtin(session)
        datasets.make_ready(session, "digits", {}, {"train": {"sha256": sha256}}, {}, "")
    return sha256


def _drop(store: Store, sha256: str) -> bool:
    with store.write() as session:
        return references.drop(session, store.blobs, sha256)


def test_a_blob_that_a_row_names_is_not_dropped(store: Store) -> None:
    weights, split = _name_by_artifact(store, b"weights"), _name_by_dataset(store, b"split")
    nobodys = _put(store, b"nobody's")
    assert [_drop(store, sha256) for sha256 in (weights, split, nobodys)] == [False, False, True]
    assert store.blobs.path(weights).read_bytes() == b"weights"
    assert store.blobs.path(split).read_bytes() == b"split"
    with pytest.raises(BlobMissing):
        store.blobs.path(nobodys)


def test_what_has_been_dropped_cannot_be_held(store: Store) -> None:
    sha256 = _put(store, b"gone")
    _drop(store, sha256)
    with pytest.raises(BlobMissing), store.write() as session:
        references.hold(session, store.blobs, sha256)


def test_a_blob_that_is_being_named_is_not_dropped_meanwhile(store: Store) -> None:
    blob = store.blobs.put(io.BytesIO(b"weights"))
    about_to_drop = threading.Event()

    def drop() -> bool:
        about_to_drop.set()
        return _drop(store, blob.sha256)

    with ThreadPoolExecutor(1) as pool:
        with store.write() as session:
            attempt = claim(session, submit(session)).attempt
            references.hold(session, store.blobs, blob.sha256)
            dropped = pool.submit(drop)
            about_to_drop.wait()
            with pytest.raises(TimeoutError):
                dropped.result(0.3)  # it waits for the naming to commit
            attempts.add_artifact(session, attempt, attempts.KIND_WEIGHTS, 1, blob)
        assert dropped.result(20) is False
    assert store.blobs.path(blob.sha256).read_bytes() == b"weights"


def test_a_sweep_takes_what_is_old_and_nobodys(store: Store) -> None:
    named = _name_by_artifact(store, b"weights")
    os.utime(store.blobs.path(named), (0, 0))
    fresh, old = _put(store, b"fresh"), _put(store, b"old", age_s=2 * references.ABANDONED_S)
    writing, abandoned = (store.blobs.folder / f"incoming-{name}" for name in ("now", "long ago"))
    for path in (writing, abandoned):
        path.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    assert references.sweep(store) == 2
    assert store.blobs.path(named).exists()
    assert store.blobs.path(fresh).exists()
    assert writing.exists()
    assert not abandoned.exists()
    with pytest.raises(BlobMissing):
        store.blobs.path(old)
    assert references.sweep(store) == 0
