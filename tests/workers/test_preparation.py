"""Built-in datasets, prepared by a worker's real importer."""

import gzip
import os
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from service.settings import Settings
from service.store import Store, datasets
from service.store.tables import Dataset
from tests.journeys.stacks import wait_for
from tests.workers.processes import Worker, children, is_alive
from workers.datasets.preparation import INCOMING, prepare_dataset
from workers.host import Host

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SAMPLES = {"train": 12, "t10k": 4}


@pytest.fixture
def idx_folder(tmp_path: Path) -> Path:
    """MNIST's four files, with a few samples in them."""
    folder = tmp_path / "data"
    folder.mkdir()
    for prefix, count in SAMPLES.items():
        images = np.arange(count * 28 * 28, dtype=np.uint8).reshape(count, 28, 28)
        labels = (np.arange(count) % 10).astype(np.uint8)
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes())
        )
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(struct.pack(">II", 2049, count) + labels.tobytes())
        )
    return folder


@pytest.fixture
def host(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host of which nothing runs."""
    monkeypatch.setenv("KILN_HOME", str(settings.home))
    monkeypatch.setenv("KILN_DOWNLOAD", "false")
    monkeypatch.delenv("KILN_DATA_DIR", raising=False)
    with store.write() as session:
        datasets.ensure_builtin(session)
    host = Host(settings, "worker-1")
    yield host
    host.doorbell.close()
    host.store.close()


def _get(store: Store, name: str) -> Dataset:
    with store.read() as session:
        row = datasets.get(session, name)
    assert row is not None
    return row


def test_digits_are_ready_once_a_worker_has_prepared_them(host: Host, store: Store) -> None:
    prepare_dataset(host, "digits")
    row = _get(store, "digits")
    assert (row.state, row.lease_expires_at) == ("ready", None)
    assert row.splits is not None
    assert row.schema is not None
    arrays = load_file(store.blobs.path(row.splits["train"]["sha256"]))
    assert len(arrays["x"]) == row.splits["train"]["count"] == row.schema["splits"]["train"]
    assert list(host.settings.datasets_dir.iterdir()) == []


def test_mnist_that_cannot_be_had_says_why(host: Host, store: Store) -> None:
    prepare_dataset(host, "mnist")
    row = _get(store, "mnist")
    assert (row.state, row.lease_expires_at) == ("unavailable", None)
    assert "KILN_DATA_DIR is not set" in (row.message or "")


def test_mnist_is_read_from_the_users_files(
    host: Host, store: Store, idx_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILN_DATA_DIR", str(idx_folder))
    prepare_dataset(host, "mnist")
    row = _get(store, "mnist")
    assert row.state == "ready", row.message
    assert row.schema is not None
    assert row.schema["splits"] == {"train": SAMPLES["train"], "test": SAMPLES["t10k"]}
    assert str(idx_folder) in (row.message or "")


def test_what_was_unavailable_is_found_by_a_later_try(
    host: Host, store: Store, idx_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_dataset(host, "mnist")
    with store.write() as session:
        assert datasets.due(session) == ["digits"], "not again at once"
        session.get_one(Dataset, "mnist").updated_at -= datasets.TRY_AGAIN_MS
    with store.read() as session:
        assert datasets.due(session) == ["digits", "mnist"]
    monkeypatch.setenv("KILN_DATA_DIR", str(idx_folder))
    prepare_dataset(host, "mnist")
    assert _get(store, "mnist").state == "ready"


def test_nobody_prepares_what_another_worker_is_at(host: Host, store: Store) -> None:
    with store.write() as session:
        assert datasets.claim(session, "digits", 30)
    prepare_dataset(host, "digits")
    assert _get(store, "digits").state == "preparing"


def test_a_worker_that_stops_leaves_the_dataset_to_the_next(host: Host, store: Store) -> None:
    host.settings.datasets_dir.mkdir(parents=True)
    thread = threading.Thread(target=prepare_dataset, args=(host, "digits"))
    thread.start()
    [importer] = wait_for(lambda: children(os.getpid(), "workers.datasets.importer"), 10, "it is imported")
    host.stopping.set()
    thread.join(10)
    assert not is_alive(importer)
    row = _get(store, "digits")
    assert (row.state, row.lease_expires_at) == ("preparing", None)
    with store.read() as session:
        assert "digits" in datasets.due(session)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_killed_worker_was_preparing_is_prepared_by_the_next(settings: Settings, store: Store) -> None:
    lease = {"KILN_LEASE_S": "4", "KILN_RENEW_S": "0.5"}  # longer than the next one takes to start
    with Worker(settings, **lease) as first:
        importers = wait_for(
            lambda: children(first.process.pid, "workers.datasets.importer"), 20, "it prepares"
        )
        first.process.kill()
        first.process.wait()
        wait_for(lambda: not any(is_alive(pid) for pid in importers), 5, "its importer is gone")
    left = list(settings.datasets_dir.glob(f"{INCOMING}*"))
    assert left
    os.utime(left[0], (0, 0))
    with Worker(settings, **lease):
        wait_for(lambda: _get(store, "digits").state == "ready", 20, "the digits are ready")
        wait_for(lambda: _get(store, "mnist").state == "unavailable", 20, "all have been tried")
        wait_for(lambda: not left[0].exists(), 20, "the leftovers are swept")


def test_a_broken_importer_is_no_endless_preparation(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    host.settings = host.settings.model_copy(update={"home": blocked})
    prepare_dataset(host, "digits")
    row = _get(store, "digits")
    assert row.state == "unavailable"
    assert "its log says why" in (row.message or "")
