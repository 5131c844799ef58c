"""The main job: a network trained over REST, its weights in the user's hands."""

import hashlib
from pathlib import Path
from types import ModuleType

import httpx
import numpy as np
import pytest
from safetensors.numpy import load_file

from tensorkiln import Client, Conflict
from tests.journeys.stacks import Stack, digits_job, wait_for

ENDLESS = 100_000  # epochs that no test waits for


def test_a_job_trains_and_its_weights_verify(client: Client, tmp_path: Path) -> None:
    job = client.jobs.create(digits_job(epochs=20)).wait(120)
    assert [change.state for change in job.status_history] == ["queued", "starting", "running", "succeeded"]
    assert job.progress.fraction == 1.0
    test_accuracy = job.metrics["test_accuracy"]
    assert test_accuracy is not None
    assert test_accuracy >= 0.93
    loss = job.curve("loss")
    assert loss.steps.tolist() == list(range(1, job.progress.steps_total + 1))
    assert loss.values[-20:].mean() < loss.values[:20].mean() / 4
    path = job.download_weights(tmp_path / "w.safetensors")
    assert job.weights is not None
    assert hashlib.sha256(path.read_bytes()).hexdigest() == job.weights.sha256
    assert set(load_file(path)) == {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}


def test_the_weights_load_into_torch_and_give_the_same_logits(
    client: Client, torch: ModuleType, tmp_path: Path
) -> None:
    from engine.vision.datasets import Digits

    job = client.jobs.create(digits_job(seed=3)).wait(120)
    weights = load_file(job.download_weights(tmp_path / "w.safetensors"))
    network = torch.nn.Sequential()
    network.add_module("flatten", torch.nn.Flatten())
    network.add_module("fc1", torch.nn.Linear(64, 128))
    network.add_module("relu", torch.nn.ReLU())
    network.add_module("fc2", torch.nn.Linear(128, 10))
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=True)
    test = Digits(train=False)
    images = torch.from_numpy(test.data).reshape(-1, 1, 8, 8).float() / 255
    with torch.no_grad():
        right = network(images).argmax(1).numpy() == test.targets
    assert right.mean() == pytest.approx(job.metrics["test_accuracy"], abs=1e-9)


def test_the_same_job_with_the_same_seed_gives_the_same_bits(client: Client) -> None:
    first, second = (client.jobs.create(digits_job(epochs=2, seed=7)).wait(120) for _ in range(2))
    other = client.jobs.create(digits_job(epochs=2, seed=8)).wait(120)
    assert first.weights is not None
    assert second.weights is not None
    assert other.weights is not None
    assert first.weights.sha256 == second.weights.sha256 != other.weights.sha256
    np.testing.assert_array_equal(first.curve("loss").values, second.curve("loss").values)


def test_a_follower_sees_every_point_and_the_end(client: Client) -> None:
    job = client.jobs.create(digits_job(epochs=3))
    seen, kinds = [], set()
    for event in job.follow():
        kinds.add(event.type)
        if event.type == "metrics":
            for column in event.data["columns"]:
                if column["key"] == "loss":
                    seen += column["steps"]
    job.refresh()
    assert job.state == "succeeded"
    assert seen == list(range(1, job.progress.steps_total + 1))
    assert {"status", "metrics", "epoch"} <= kinds


def test_a_running_job_can_be_cancelled_and_a_finished_one_cannot(client: Client) -> None:
    job = client.jobs.create(digits_job(epochs=ENDLESS))
    wait_for(lambda: job.refresh().progress.step > 0, 30, "the job trains")
    job.cancel()
    job.wait(15, check=False)
    assert job.state == "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        job.cancel()


def test_a_queued_job_is_cancelled_at_once(client: Client) -> None:
    running = client.jobs.create(digits_job(epochs=ENDLESS))
    wait_for(lambda: running.refresh().state == "running", 30, "the first job runs")
    waiting = client.jobs.create(digits_job())
    assert waiting.refresh().queue_position == 1
    assert waiting.cancel().state == "cancelled"
    running.cancel().wait(15, check=False)
    assert waiting.refresh().status_history[-1].state == "cancelled"


def test_a_job_that_diverges_fails_as_its_users_fault(client: Client) -> None:
    job = client.jobs.create(digits_job(optimizer={"type": "SGD", "lr": 1e30}))
    job.wait(60, check=False)
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.category) == ("non_finite_loss", "user")
    assert "Traceback" not in job.error.message


def test_the_openapi_document_and_the_docs_page_are_served(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/openapi.json").json()["openapi"].startswith("3.")
    page = httpx.get(f"{stack.url}/docs").text
    assert "https://" not in page.replace(stack.url, ""), "the page must not need the network"


def test_nothing_of_all_this_left_a_traceback_in_the_log(stack: Stack) -> None:
    assert "Traceback" not in stack.log
