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
        targets = rng.integers(0, 10, SAMPLES).astype(np.int64)
        targets[0] = 9
        splits[name] = {"x": rng.integers(0, 255, (SAMPLES, 8, 8), np.uint8), "y": targets}
    _make_ready(store, "digits", splits, 10)


def make_lines_ready(store: Store) -> None:
    """In the place of `mnist` sequences of 8 steps, of one class to three each, filled up with 0."""
    rng = np.random.default_rng(0)
    splits = {}
    for name in ("train", "test"):
        targets = rng.integers(1, 5, (SAMPLES, 3))
        targets[rng.random(SAMPLES) < 0.5, 1:] = 0
        splits[name] = {"x": rng.random((SAMPLES, 8, 6), np.float32), "y": targets}
    _make_ready(store, "mnist", splits, 5)


def _make_ready(store: Store, dataset: str, splits: dict[str, dict[str, Any]], classes: int) -> None:
    stored = {}
    for name, arrays in splits.items():
        blob = store.blobs.put(io.BytesIO(save(arrays)))
        stored[name] = {"count": SAMPLES, "sha256": blob.sha256, "size_bytes": blob.size_bytes}
    x, y = splits["train"]["x"], splits["train"]["y"]
    counts = dict.fromkeys(splits, SAMPLES)
    schema = DatasetSchema(x.shape[1:], str(x.dtype), y.shape[1:], str(y.dtype), classes, counts)
    with store.write() as session:
        datasets.ensure_builtin(session)
    with store.write() as session:
        datasets.make_ready(session, dataset, schema.to_dict(), stored, {}, "from a test")


def submit(store: Store, **changes: Any) -> str:
    """Queue a two-layer network; nobody is rung for it."""
    definition = digits_job(**{"epochs": 2, "batch_size": BATCH, **changes})
    new = jobs.NewJob(
        definition=definition,
        model_sha256="0" * 64,
        dataset=definition["dataset"]["name"],
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
