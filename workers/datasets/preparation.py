"""Preparing a built-in dataset, from the worker's side: a child reads it, its blobs and row are stored."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from service.store import datasets, references
from service.store.database import NOT_NOW

if TYPE_CHECKING:
    from workers.host import Host

IMPORT_S = 150.0  # a download over a slow line included

INCOMING = "incoming-"  # how the temporary folders' names begin

log = logging.getLogger("kiln.worker")


class Stopped(Exception):
    """The worker shuts down."""


def prepare_dataset(host: Host, name: str) -> None:
    """Make the dataset ready, or say in its row why it can't be. Does nothing if another worker is at it."""
    with host.store.write() as session:
        if host.stopping.is_set() or not datasets.claim(session, name, host.settings.lease_s):
            return
    try:
        _prepare(host, name)
    except Stopped:
        with host.store.write() as session:
            datasets.release(session, name)
    except SQLAlchemyError:
        raise  # the lease will run out, and somebody tries again
    except Exception:
        log.exception("dataset %s: the worker failed", name)
        _give_up(host, name, "the worker failed while it prepared it; its log says why")


def _prepare(host: Host, name: str) -> None:
    host.settings.datasets_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=INCOMING, dir=host.settings.datasets_dir) as folder:
        problem = _import(host, name, Path(folder))
        if problem is not None:
            _give_up(host, name, problem)
            return
        described = json.loads((Path(folder) / "dataset.json").read_text())
        splits = {}
        for split, count in described["schema"]["splits"].items():
            blob = host.store.blobs.put_file(Path(folder) / f"{split}.safetensors")
            splits[split] = {"count": count, "sha256": blob.sha256, "size_bytes": blob.size_bytes}
    _make_ready(host, name, splits, described)
    log.info("dataset %s is ready (%s)", name, described["message"])


def _make_ready(host: Host, name: str, splits: dict[str, Any], described: dict[str, Any]) -> None:
    with host.store.write() as session:
        for sha256 in sorted(split["sha256"] for split in splits.values()):
            references.hold(session, host.store.blobs, sha256)
        datasets.make_ready(
            session, name, described["schema"], splits, described["preview"], described["message"]
        )


def _give_up(host: Host, name: str, problem: str) -> None:
    with host.store.write() as session:
        row = datasets.get(session, name)
        is_news = row is not None and row.message != problem
        datasets.make_unavailable(session, name, problem)
    if is_news:  # it is tried again from time to time
        log.info("dataset %s is not available: %s", name, problem)


def _import(host: Host, name: str, folder: Path) -> str | None:
    """Run the importer, a child with the engine in it. None if all went well, else what went wrong."""
    deadline = time.monotonic() + IMPORT_S
    renew_at = time.monotonic() + host.settings.renew_s
    with (folder / "reason").open("w+") as reason:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.datasets.importer", name, str(folder)],
            stdin=subprocess.PIPE,  # held open: its end tells the child that we are gone
            stdout=reason,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                if host.stopping.wait(0.1):
                    raise Stopped
                if time.monotonic() > deadline:
                    return f"its preparation took longer than {IMPORT_S:g} s"
                if time.monotonic() > renew_at:
                    renew_at = time.monotonic() + host.settings.renew_s
                    _renew(host, name)
        finally:
            process.kill()
            process.communicate()
        if process.returncode == 0:
            return None
        reason.seek(0)
        said = reason.read().strip()
    return said or f"its importer ended with status {process.returncode}; the worker's log has more"


def _renew(host: Host, name: str) -> None:
    try:
        with host.store.write() as session:
            datasets.renew(session, name, host.settings.lease_s)
    except NOT_NOW as error:  # at worst another worker prepares it too
        log.warning("dataset %s: no lease renewal (%s)", name, type(error).__name__)
