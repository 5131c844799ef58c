"""Jobs whose model gives several values, or whose loss compares sequences."""

from typing import Any

import pytest

from engine.spec import DatasetSchema
from service.store import Store, datasets
from tests.service.clients import AppClient, assert_problem

LINES = DatasetSchema((12, 6), "float32", (4,), "int64", 5, {"train": 60, "test": 30})
READER = {
    "input": {"shape": [12, 6]},
    "layers": [{"type": "Linear", "out_features": 5}, {"type": "LogSoftmax", "dim": -1}],
}
PAIR = {
    "input": {"shape": [12, 6]},
    "nodes": [
        {"name": "code", "type": "Linear", "inputs": ["input"], "out_features": 2},
        {"name": "decoded", "type": "Linear", "inputs": ["code"], "out_features": 6},
    ],
    "output": ["decoded", "input"],
}


@pytest.fixture
def lines(client: AppClient, store: Store, job: dict[str, Any]) -> dict[str, Any]:
    """A job on sequences, which stand in the place of the digits."""
    splits = {name: {"count": n, "sha256": "0" * 64, "size_bytes": 1} for name, n in LINES.splits.items()}
    with store.write() as session:
        datasets.make_ready(session, "digits", LINES.to_dict(), splits, {"samples": []}, "from a test")
    return {**job, "dataset": {"name": "digits"}, "transforms": [], "metrics": [], "batch_size": 8}


@pytest.mark.parametrize(
    ("model", "loss", "shapes"),
    [(READER, {"type": "CTCLoss"}, [[12, 5]]), (PAIR, {"type": "MSELoss"}, [[12, 6], [12, 6]])],
)
def test_such_a_job_is_queued_and_can_be_submitted_again(
    client: AppClient,
    lines: dict[str, Any],
    model: dict[str, Any],
    loss: dict[str, Any],
    shapes: list[list[int]],
) -> None:
    job = {**lines, "model": model, "loss": loss}
    verdict = client.post("/v1/jobs", json={**job, "validate_only": True}).json()
    assert verdict["model"]["output_shapes"] == shapes
    first = client.post("/v1/jobs", json=job)
    assert first.status_code == 201, first.text
    again = client.post("/v1/jobs", json=first.json()["definition"])
    assert again.json()["definition"] == first.json()["definition"]
    stored = client.post("/v1/models", json=model).json()
    assert (stored["output_shape"], stored["output_shapes"]) == (shapes[0], shapes)


def test_what_a_loss_needs_is_told_at_its_place(client: AppClient, lines: dict[str, Any]) -> None:
    for model, loss, words in (
        (READER, "TripletMarginLoss", "3 values of the model"),
        (PAIR, "mean", "one value of the model"),
    ):
        response = client.post("/v1/jobs", json={**lines, "model": model, "loss": {"type": loss}})
        (error,) = assert_problem(response, 422, "invalid_definition")["errors"]
        assert error["pointer"] == "/loss"
        assert words in error["detail"]
