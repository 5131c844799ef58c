"""Small real jobs on a small real dataset, put into a store as the API would."""

import io
from typing import Any

import numpy as np
from safetensors.numpy import save

from engine.spec import DatasetSchema
from service.store import Store, datasets, events, jobs
from service.store.tables import Job
from tests.journeys.stacks import digits_job

SAMPLES = 96
BATCH = 32
STEPS = SAMPLES // BATCH  # in an epoch
ENDLESS = 100_000  # epochs that no test waits for


def make_digits_ready(store: Store) -> None:
    """A dataset `digits` of noise, 8 x 8."""
    rng = np.random.default_rng(0)
    splits = {}
    for name in ("train", "test"):
        arrays = {
            "x": rng.integers(0, 255, (SAMPLES, 8, 8), np.uint8),
            "y": rng.integers(0, 10, SAMPLES).astype(np.int64),
        }
        arrays["y"][0] = 9
        blob = store.blobs.put(io.BytesIO(save(arrays)))
        splits[name] = {"count": SAMPLES, "sha256": blob.sha256, "size_bytes": blob.size_bytes}
    schema = DatasetSchema((8, 8), "uint8", (), "int64", 10, {"train": SAMPLES, "test": SAMPLES})
    with store.write() as session:
        datasets.ensure_builtin(session)
    with store.write() as session:
        datasets.make_ready(session, "digits", schema.to_dict(), splits, {}, "from a test")


def submit(store: Store, **changes: Any) -> str:
    """Queue a two-layer network; nobody is rung for it."""
    definition = digits_job(**{"epochs": 2, "batch_size": BATCH, **changes})
    new = jobs.NewJob(
        definition=definition,
        model_sha256="0" * 64,
        dataset="digits",
        device="auto",
        estimate={},
        epochs=definition["epochs"],
        steps_total=STEPS * definition["epochs"],
    )
    with store.write() as session:
        return jobs.submit(session, new)


def get(store: Store, job_id: str) -> Job:
    with store.read() as session:
        return jobs.get(session, job_id)


def history(store: Store, job_id: str) -> list[str]:
    with store.read() as session:
        return [event.data["state"] for event in events.after(session, job_id, 0, 1000, [events.STATUS])]
