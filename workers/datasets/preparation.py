"""Preparing a built-in dataset, from the worker's side: a child reads it, its blobs and row are stored."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from service.store import datasets

if TYPE_CHECKING:
    from workers.host import Host

LEASE_S = 180.0  # longer than the slowest preparation, a download included
IMPORT_S = 150.0

log = logging.getLogger("kiln.worker")


def prepare_dataset(host: Host, name: str) -> None:
    """Make the dataset ready, or say in its row why it can't be. Does nothing if another worker is at it."""
    with host.store.write() as session:
        if not datasets.claim(session, name, LEASE_S):
            return
    host.settings.datasets_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=host.settings.datasets_dir) as folder:
        problem = _import(host, name, Path(folder))
        if problem is not None:
            log.info("dataset %s is not available: %s", name, problem)
            with host.store.write() as session:
                datasets.make_unavailable(session, name, problem)
            return
        described = json.loads((Path(folder) / "dataset.json").read_text())
        splits = {}
        for split, count in described["schema"]["splits"].items():
            blob = host.store.blobs.put_file(Path(folder) / f"{split}.safetensors")
            splits[split] = {"count": count, "sha256": blob.sha256, "size_bytes": blob.size_bytes}
    with host.store.write() as session:
        datasets.make_ready(
            session, name, described["schema"], splits, described["preview"], described["message"]
        )
    log.info("dataset %s is ready (%s)", name, described["message"])


def _import(host: Host, name: str, folder: Path) -> str | None:
    """Run the importer, a child with the engine in it. None if all went well, else what went wrong."""
    deadline = time.monotonic() + IMPORT_S
    with (folder / "reason").open("w+") as reason:
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.datasets.importer", name, str(folder)],
            stdin=subprocess.PIPE,  # held open: its end tells the child that we are gone
            stdout=reason,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                if time.monotonic() > deadline or host.stopping.wait(0.1):
                    return "its preparation was stopped before it was done"
        finally:
            process.kill()
            process.communicate()
        if process.returncode == 0:
            return None
        reason.seek(0)
        said = reason.read().strip()
    return said or f"its importer ended with status {process.returncode}; the worker's log has more"
