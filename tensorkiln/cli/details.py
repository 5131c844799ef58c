"""One job on the screen: what `kiln jobs show` tells."""

from datetime import datetime

from rich.text import Text

from tensorkiln.cli.output import STATE_STYLES, ago, duration, size
from tensorkiln.jobs import Job


def details(job: Job) -> list[tuple[str, str | Text]]:
    """Name and value of every line; what the job does not have yet has no line."""
    progress = job.progress
    lines: list[tuple[str, str | Text]] = [
        ("Job", job.id),
        ("Name", job.name or ""),
        ("State", Text.assemble((job.state, STATE_STYLES.get(job.state, "")), job.why)),
        ("Place", f"{job.queue_position} in the queue" if job.queue_position else ""),
        ("Error", ", at ".join(filter(None, (job.error.code, job.error.param))) if job.error else ""),
        ("Dataset", str(job.dataset or "")),
        (
            "Progress",
            f"epoch {progress.epoch}/{progress.epochs}, step {progress.step:,}/{progress.steps_total:,} "
            f"({progress.fraction:.0%})",
        ),
        ("Metrics", ", ".join(f"{_words(key)} {_number(value)}" for key, value in job.metrics.items())),
        ("Weights", f"{size(job.weights.size_bytes)}, sha256 {job.weights.sha256}" if job.weights else ""),
        ("Attempt", str(job.attempt) if job.attempt > 1 else ""),
        ("Created", _moment(job.created_at)),
        ("Started", _moment(job.started_at)),
        ("Finished", _moment(job.finished_at)),
    ]
    if job.started_at and job.finished_at:
        lines.append(("Took", duration((job.finished_at - job.started_at).total_seconds())))
    return [(name, value) for name, value in lines if value]


def _words(key: str) -> str:
    return key.replace("_", " ")


def _number(value: float | None) -> str:
    if value is None:
        return "not finite"
    return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.4g}"


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}, {ago(at)}" if at else ""
