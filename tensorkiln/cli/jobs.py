"""`kiln jobs …`"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from tensorkiln.cli import exits
from tensorkiln.cli.command import kiln
from tensorkiln.cli.details import details
from tensorkiln.cli.documents import BadDocument, read_document
from tensorkiln.cli.options import JobId, Json, Url
from tensorkiln.cli.output import STATE_STYLES, ago, complain, data, data_json, screen, size, table
from tensorkiln.cli.refusals import told
from tensorkiln.client import Client
from tensorkiln.errors import Invalid
from tensorkiln.jobs import Job, Validation

app = typer.Typer(
    help="Submit, list, show, watch and cancel jobs, and download weights.", no_args_is_help=True
)


@app.command()
def submit(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The job as JSON; - reads standard input.")],
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the job to its end.")] = False,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help="Check the job and estimate its cost; queue nothing.")
    ] = False,
    json: Json = False,
    url: Url = None,
) -> None:
    """Send a job to the service; its id goes to stdout."""
    try:
        document = read_document(file)
    except BadDocument as fault:
        complain(str(fault))
        raise typer.Exit(exits.USAGE) from None
    with Client(url) as client:
        try:
            if validate_only:
                _show_verdict(client.jobs.create(document.content, validate_only=True), json)
                return
            job = client.jobs.create(document.content)
        except Invalid as refusal:
            complain(told(refusal))
            for line in document.complaints(refusal.problems):
                screen().print(Text(line))
            if json:
                data_json(refusal.to_dict())
            raise typer.Exit(exits.FAILED) from None
        if watch:
            screen().print(f"job {job.id}")
            _watch(job, json)
        elif json:
            data_json(job.to_dict())
        else:
            place = f", place {job.queue_position} in the queue" if job.queue_position else ""
            screen().print(f"{job.state}{place}; follow it with: {kiln('jobs watch')} {job.id}")
            data(job.id)


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, newest first.")] = 20,
    json: Json = False,
    url: Url = None,
) -> None:
    """Show the newest jobs."""
    with Client(url) as client:
        jobs: list[Job] = []
        for job in client.jobs.list(state=state, limit=min(limit, 100)):
            jobs.append(job)
            if len(jobs) == limit:
                break
    if json:
        data_json([job.to_dict() for job in jobs])
    elif jobs:
        table(("ID", "STATE", "NAME", "DATASET", "EPOCH", "ACCURACY", "CREATED"), [_row(job) for job in jobs])
    else:
        screen().print(f"no jobs yet; send one with: {kiln('jobs submit')} FILE")


@app.command()
def show(job_id: JobId, json: Json = False, url: Url = None) -> None:
    """Show one job: state and why, progress, metrics, weights."""
    with Client(url) as client:
        job = client.jobs.get(job_id)
    if json:
        data_json(job.to_dict())
        return
    console = Console(highlight=False, soft_wrap=True)
    for name, value in details(job):
        console.print(Text.assemble((f"{name:<10}", "dim"), value))


@app.command()
def watch(job_id: JobId, json: Json = False, url: Url = None) -> None:
    """Follow a job: progress, loss and accuracy as it trains, its loss curve at the end."""
    with Client(url) as client:
        _watch(client.jobs.get(job_id), json)


@app.command()
def cancel(job_id: JobId, json: Json = False, url: Url = None) -> None:
    """Ask a queued or running job to end."""
    with Client(url) as client:
        job = client.jobs.cancel(job_id)
    if json:
        data_json(job.to_dict())
    else:
        data(job.state)


@app.command()
def download(
    job_id: JobId,
    path: Annotated[
        Path | None,
        typer.Argument(help="File or folder. Default: <name>.safetensors here.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The same as PATH.", show_default=False)
    ] = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Fetch a job's weights, check their sha256, and print where they lie."""
    if path is not None and out is not None:
        raise typer.BadParameter("PATH is given already", param_hint="--out")
    with Client(url) as client:
        job = client.jobs.get(job_id)
        target = job.download_weights(path or out)
    weights = job.weights
    if json:
        found: dict[str, Any] = weights.to_dict() if weights else {}
        data_json({**found, "path": str(target)})
    else:
        if weights:
            screen().print(f"{size(weights.size_bytes)}, sha256 {weights.sha256} verified")
        data(str(target))


def _watch(job: Job, json: bool) -> None:
    from tensorkiln.cli.watch import watch as follow

    try:
        follow(job, screen())
    except KeyboardInterrupt:
        screen().print(f"\nThe job goes on. Follow it: {kiln('jobs watch')} {job.id}")
        screen().print(f"                 Cancel it: {kiln('jobs cancel')} {job.id}")
        raise
    if json:
        data_json(job.to_dict())
    else:
        data(job.id)
    if job.state != "succeeded":
        raise typer.Exit(exits.FAILED)


def _show_verdict(verdict: Validation, json: bool) -> None:
    if json:
        data_json(verdict.to_dict())
        return
    estimate = verdict.estimate
    data(
        f"valid: {estimate['parameters']:,} parameters, {estimate['steps_total']:,} steps, "
        f"{estimate['flops_total']:.3g} FLOPs, {size(estimate['peak_memory_bytes'])} of memory"
    )


def _row(job: Job) -> list[str | Text]:
    accuracy = job.metrics.get("test_accuracy")
    return [
        job.id,
        Text(job.state, STATE_STYLES.get(job.state, "")),
        job.name or "",
        str(job.dataset or ""),
        f"{job.progress.epoch}/{job.progress.epochs}",
        "" if accuracy is None else f"{accuracy:.4f}",
        ago(job.created_at),
    ]
