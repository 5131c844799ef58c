"""Jobs brought to life through the store's own functions, as a worker would."""

import io
from typing import Any

import numpy as np
from safetensors.numpy import save

from engine.spec import DatasetSchema
from service.store import Store, attempts, curves, datasets
from service.store.attempts import Attempt, Progress

MNIST = DatasetSchema(
    input_shape=(28, 28),
    input_dtype="uint8",
    target_shape=(),
    target_dtype="int64",
    classes=10,
    splits={"train": 60000, "test": 10000},
)
STEPS_TOTAL = 9380  # ten epochs of 938 batches
LEASE_S = 30.0
WEIGHTS = save({"fc.weight": np.arange(1000, dtype=np.float32).reshape(10, 100)})


def make_mnist_ready(store: Store) -> None:
    with store.write() as session:
        datasets.ensure_builtin(session)
    splits = {
        name: {"count": count, "sha256": "0" * 64, "size_bytes": 1} for name, count in MNIST.splits.items()
    }
    with store.write() as session:
        datasets.make_ready(session, "mnist", MNIST.to_dict(), splits, {"samples": []}, "from a test")


def start(store: Store, job_id: str) -> Attempt:
    """Claimed and running."""
    with store.write() as session:
        claim = attempts.claim(session, job_id, "worker-1", LEASE_S)
    assert claim is not None
    with store.write() as session:
        attempts.begin(session, claim.attempt)
    return claim.attempt


def column(key: str, first: int, values: Any, epoch: int = 1) -> curves.Column:
    steps = np.arange(first, first + len(values), dtype=np.int64)
    return curves.Column(
        key,
        steps,
        np.asarray(values, np.float64),
        1_795_426_200_000 + steps,
        np.full(len(values), epoch, np.int32),
    )


def record(
    store: Store, attempt: Attempt, *columns: curves.Column, epoch: int = 1, rate: float = 100.0
) -> None:
    step = max(int(part.steps[-1]) for part in columns)
    with store.write() as session:
        attempts.record(session, attempt, columns, Progress(epoch, step, rate), LEASE_S)


def record_epoch(store: Store, attempt: Attempt, epoch: int, **metrics: float) -> None:
    with store.write() as session:
        attempts.record_epochs(session, attempt, [(epoch, dict(metrics))])


def succeed(store: Store, attempt: Attempt, weights: bytes = WEIGHTS) -> str:
    """Leave weights and end well. Returns the weights' sha256."""
    blob = store.blobs.put(io.BytesIO(weights))
    with store.write() as session:
        attempts.add_artifact(session, attempt, attempts.KIND_WEIGHTS, STEPS_TOTAL, blob)
    with store.write() as session:
        attempts.finish(session, attempt, "succeeded")
    return blob.sha256


def fail(store: Store, attempt: Attempt) -> None:
    error = {"code": "non_finite", "message": "the loss is NaN at step 3", "param": None, "category": "user"}
    with store.write() as session:
        attempts.finish(session, attempt, "failed", "the loss is NaN at step 3", error)
