"""The demo's course: start, find data, send the job, follow it, fetch and verify the weights."""

import csv
import hashlib
import json as jsonlib
import shlex
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from tensorkiln.cli import exits
from tensorkiln.cli.command import kiln as typed
from tensorkiln.cli.output import complain, data_json, duration, screen, size
from tensorkiln.cli.watch import watch
from tensorkiln.client import Client
from tensorkiln.datasets import Dataset
from tensorkiln.demo.kiln import DemoKiln
from tensorkiln.demo.tasks import task
from tensorkiln.errors import DownloadCorrupt, JobFailed, KilnError, TimedOut
from tensorkiln.homes import DEFAULT_URL
from tensorkiln.jobs import Job

_DATASET_TIMEOUT_S = 300.0  # a download over a slow line
_FIELDS = ("status", "dataset", "epochs", "test_accuracy", "train_seconds", "job_id", "weights", "sha256")


def run(out: Path, home: Path | None, *, json: bool) -> int:
    """The exit status: 0 only if the job succeeded and the weights are verified."""
    out = out.absolute()
    result: dict[str, Any] = dict.fromkeys(_FIELDS)
    console = screen()
    try:
        out.mkdir(parents=True, exist_ok=True)
        _course(out, home, console, result)
        result["status"] = "succeeded"
        if not json:
            _tell(out, result)
    except JobFailed as fault:
        result["status"] = fault.job.state
        complain(str(fault), _log_of(out))
    except (KilnError, OSError) as fault:
        result["status"] = "failed"
        complain(str(fault), _log_of(out))
    except BaseException:  # Ctrl-C, or a signal
        console.print("\nStopped; nothing of the demo is left running.")
        raise
    if json:
        data_json(result)
    return exits.OK if result["status"] == "succeeded" else exits.FAILED


def _course(out: Path, home: Path | None, console: Console, result: dict[str, Any]) -> None:
    """Fills `result` in as things become known. Raises KilnError, OSError."""
    console.print(Text("Tensorkiln demo", "bold"))
    with ExitStack() as stack:
        began = time.monotonic()
        with console.status("starting broker, API and worker"):
            kiln = stack.enter_context(DemoKiln(home, out / "kiln.log"))
        _done(console, f"service at {kiln.url}, up in {duration(time.monotonic() - began)}")
        client = stack.enter_context(Client(kiln.url))
        dataset = _find_data(client, console)
        job = client.jobs.create(task(dataset.name))
        result |= {"dataset": dataset.name, "epochs": job.progress.epochs, "job_id": job.id}
        parameters = (job.estimate or {}).get("parameters", 0)
        _done(console, f"job {job.id}: two-layer network, {parameters:,} parameters")
        watch(job, console)
        if job.state != "succeeded":
            raise JobFailed(job)
        result["test_accuracy"] = job.metrics.get("test_accuracy")
        if job.started_at and job.finished_at:
            result["train_seconds"] = round((job.finished_at - job.started_at).total_seconds(), 3)
        result |= _keep(job, out)
        with console.status("stopping the service"):
            stack.close()
        _done(console, "weights downloaded and verified; service stopped")


def _find_data(client: Client, console: Console) -> Dataset:
    """MNIST where it can be had, else the digits; says which, and why. Raises KilnError."""
    mnist = _settled(client, "mnist", console)
    if mnist.state == "ready":
        _done(console, f"MNIST, {mnist.message or 'ready'}")
        return mnist
    console.print(Text.assemble(("! ", "yellow"), f"no MNIST here: {mnist.message}"))
    digits = _settled(client, "digits", console)
    if digits.state == "ready":
        _done(console, f"instead, scikit-learn's 8 x 8 digits, {digits.message or 'ready'}")
        return digits
    raise KilnError(f"no data to train on: neither MNIST nor the digits can be had ({digits.message})")


def _settled(client: Client, name: str, console: Console) -> Dataset:
    deadline = time.monotonic() + _DATASET_TIMEOUT_S
    with console.status(f"looking for dataset {name}"):
        while not (dataset := client.datasets.get(name)).is_settled:
            if time.monotonic() > deadline:
                raise TimedOut(f"dataset {name} is still being prepared after {_DATASET_TIMEOUT_S:g} s")
            time.sleep(0.1)
    return dataset


def _keep(job: Job, out: Path) -> dict[str, str]:
    """Put weights, job, result and curve into `out`; the weights' path and verified sha256."""
    weights = job.download_weights(out / "simplenet.safetensors")
    with weights.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if job.weights is None or sha256 != job.weights.sha256:
        raise DownloadCorrupt(f"{weights} has sha256 {sha256}, not the one that the service promised")
    for name, content in (("job.json", job.definition), ("result.json", job.to_dict())):
        (out / name).write_text(jsonlib.dumps(content, indent=2) + "\n")
    curve = job.curve("loss")
    with (out / "loss.csv").open("w", newline="") as file_out:
        writer = csv.writer(file_out)
        writer.writerow(("step", "loss"))
        writer.writerows(zip(curve.steps.tolist(), curve.values.tolist(), strict=True))
    return {"weights": str(weights), "sha256": sha256}


def _tell(out: Path, result: dict[str, Any]) -> None:
    """What came of it, on stdout."""
    weights = Path(result["weights"])
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        Text.assemble(
            "\nTest accuracy ",
            (f"{result['test_accuracy']:.4f}", "bold green"),
            f" on {result['dataset']} after {result['epochs']} epochs "
            f"in {duration(result['train_seconds'])}.\n",
        )
    )
    for name, value in (
        ("Weights", f"{weights}  ({size(weights.stat().st_size)}, for torch's load_state_dict)"),
        ("sha256", result["sha256"]),
        ("Job", f"{out / 'job.json'}  (as it can be sent again)"),
        ("Result", f"{out / 'result.json'}  (all that the service says of it)"),
        ("Curve", str(out / "loss.csv")),
        ("Log", str(out / "kiln.log")),
        ("Go on", typed("up")),
        ("", f"{typed('jobs submit')} {_shown(out / 'job.json')} --watch, in another terminal"),
        ("Docs", f"{DEFAULT_URL}/docs, once it is up"),
    ):
        console.print(Text.assemble((f"  {name:<9}", "dim"), value))


def _log_of(out: Path) -> str:
    """Where the log is, if it came to one."""
    log = out / "kiln.log"
    return f"the log: {log}" if log.exists() else ""


def _shown(path: Path) -> str:
    """The path as one would type it here."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _done(console: Console, text: str) -> None:
    console.print(Text.assemble(("✓ ", "green"), text))
