"""Processes killed with real signals: nothing is orphaned, nothing is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from safetensors.numpy import load_file

from tensorkiln import Client
from tests.journeys.stacks import Stack, digits_job, processes_of, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
LONG = 20_000  # epochs: far more than a test waits for


def _training(client: Client, **changes: object) -> str:
    wait_for(lambda: client.datasets.get("digits").state == "ready", 60, "the digits are ready")
    job = client.jobs.create(digits_job(**changes))
    wait_for(lambda: job.refresh().progress.step > 100, 60, "the job trains")
    return job.id


def test_after_sigkill_of_the_parent_nothing_survives_and_the_job_is_picked_up_again(home: Path) -> None:
    with Stack(home, KILN_LEASE_S="3", KILN_RENEW_S="1") as first, Client(first.url) as client:
        job_id = _training(client, epochs=30, checkpoint={"every_steps": 100, "keep": 1})
        assert len(processes_of(home)) >= 4
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        wait_for(lambda: not processes_of(home), 5, "every process of the stack is gone")
    with Stack(home, KILN_LEASE_S="3", KILN_RENEW_S="1") as second, Client(second.url) as client:
        job = client.jobs.get(job_id).wait(90)
        assert job.attempt == 2
        starts = [event for event in job.events() if event.data.get("state") == "starting"]
        assert starts[1].data["from_step"] >= 100
        assert job.curve("loss").steps.tolist() == list(range(1, job.progress.steps_total + 1))


def test_a_resumed_job_ends_with_the_bits_of_an_undisturbed_one(home: Path) -> None:
    job = {"epochs": 30, "checkpoint": {"every_steps": 100, "keep": 2}}
    with Stack(home, KILN_LEASE_S="3", KILN_RENEW_S="1") as stack, Client(stack.url) as client:
        job_id = _training(client, **job)
        for pid in stack.runner_pids():
            os.kill(pid, signal.SIGKILL)
        disturbed = client.jobs.get(job_id).wait(90)
        undisturbed = client.jobs.create(digits_job(**job)).wait(90)
        assert (disturbed.attempt, undisturbed.attempt) == (2, 1)
        assert disturbed.weights is not None
        assert undisturbed.weights is not None
        assert disturbed.weights.sha256 == undisturbed.weights.sha256


# beside weights: the buffers of norms, draws of dropout and of transforms, and the place in a schedule
CONVOLUTIONAL: dict[str, Any] = {
    "model": {
        "input": {"shape": [1, 8, 8]},
        "layers": [
            {"type": "Conv2d", "out_channels": 8, "kernel_size": 3, "padding": 1},
            {"type": "BatchNorm2d"},
            {"type": "ReLU"},
            {"type": "MaxPool2d", "kernel_size": 2},
            {"type": "Dropout2d", "p": 0.1},
            {"type": "Flatten"},
            {"type": "Linear", "out_features": 10},
        ],
    },
    "transforms": [
        {"type": "ToTensor"},
        {"type": "RandomCrop", "size": 8, "padding": 1},
        {"type": "RandomRotation", "degrees": 15},
    ],
    "optimizer": {"type": "Adam", "lr": 0.001},
    "scheduler": {"type": "OneCycleLR", "max_lr": 0.01},
    "evaluate": {"split": "test", "every": 2},
    "checkpoint": {"every_steps": 50, "keep": 2},
    "epochs": 5,
}


def test_a_resumed_convolutional_job_ends_with_the_bits_of_an_undisturbed_one(
    home: Path, torch: ModuleType, tmp_path: Path
) -> None:
    from engine.vision.datasets import Digits

    with Stack(home, KILN_LEASE_S="3", KILN_RENEW_S="1") as stack, Client(stack.url) as client:
        job_id = _training(client, **CONVOLUTIONAL)
        for pid in stack.runner_pids():
            os.kill(pid, signal.SIGKILL)
        disturbed = client.jobs.get(job_id).wait(90)
        undisturbed = client.jobs.create(digits_job(**CONVOLUTIONAL)).wait(90)
        assert (disturbed.attempt, undisturbed.attempt) == (2, 1)
        assert disturbed.weights is not None
        assert undisturbed.weights is not None
        assert disturbed.weights.sha256 == undisturbed.weights.sha256
        assert disturbed.metrics == undisturbed.metrics
        assert disturbed.curve("test_loss").epochs.tolist() == [2, 4, 5]
        weights = load_file(disturbed.download_weights(tmp_path / "w.safetensors"))
    nn, test = torch.nn, Digits(train=False)
    network = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(0.1)),
        *(nn.Flatten(), nn.Linear(128, 10)),
    )
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()}, strict=True)
    images = torch.from_numpy(test.data).reshape(-1, 1, 8, 8).float() / 255
    with torch.no_grad():
        right = network.eval()(images).argmax(1).numpy() == test.targets
    assert right.mean() == pytest.approx(disturbed.metrics["test_accuracy"], abs=1e-9)


def test_a_killed_worker_is_started_again_and_its_job_finishes(home: Path) -> None:
    with Stack(home, KILN_LEASE_S="3", KILN_RENEW_S="1") as stack, Client(stack.url) as client:
        job_id = _training(client, epochs=40)
        runners = stack.runner_pids()
        os.kill(stack.worker_pid(), signal.SIGKILL)
        wait_for(lambda: not set(runners) & set(stack.runner_pids()), 5, "its runners are gone")
        job = client.jobs.get(job_id).wait(90)
        assert job.attempt == 2


def test_a_clean_shutdown_gives_the_running_job_back_with_its_place(home: Path) -> None:
    with Stack(home) as stack, Client(stack.url) as client:
        job_id = _training(client, epochs=LONG)
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(5) == 0
        assert not processes_of(home)
    with Stack(home) as stack, Client(stack.url) as client:
        job = client.jobs.get(job_id)
        wait_for(lambda: job.refresh().state == "running", 20, "the job runs again")
        starts = [event for event in job.events() if event.data.get("state") == "starting"]
        assert starts[1].data["from_step"] > 100
        job.cancel().wait(15, check=False)


def test_a_second_stack_on_the_same_home_says_so_and_harms_nothing(home: Path) -> None:
    with Stack(home) as stack, Client(stack.url) as client:
        second = subprocess.run(
            [sys.executable, "-m", "tensorkiln.cli", "up", "--port", "0"],
            env=stack.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert second.returncode == 1
        assert str(stack.process.pid) in second.stderr
        assert client.system()["version"]
