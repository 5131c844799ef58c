"""Tensorkiln for its users: the SDK and the `kiln` command. It talks HTTP and imports no other room.

    from tensorkiln import Client

    client = Client()
    job = client.jobs.create(model=…, dataset={"name": "mnist"}, …)
    job.wait()
    job.download_weights("simplenet.safetensors")

Names load on first use, so that `python -m tensorkiln.leash`, which stands before every process of
`kiln up`, does not pay for an HTTP client.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorkiln.client import Client
    from tensorkiln.curves import Curve, MetricPoint
    from tensorkiln.datasets import Dataset
    from tensorkiln.errors import (
        APIError,
        Conflict,
        ConnectionFailed,
        DownloadCorrupt,
        Invalid,
        JobFailed,
        KilnError,
        NotFound,
        Problem,
        TimedOut,
        TooManyRequests,
        Unavailable,
    )
    from tensorkiln.events import Event
    from tensorkiln.jobs import Job, Validation
    from tensorkiln.models import Model
    from tensorkiln.pages import Page
    from tensorkiln.retry import Retry
    from tensorkiln.version import __version__

_HOMES = {
    "Client": "client",
    "Curve": "curves",
    "MetricPoint": "curves",
    "Dataset": "datasets",
    "APIError": "errors",
    "Conflict": "errors",
    "ConnectionFailed": "errors",
    "DownloadCorrupt": "errors",
    "Invalid": "errors",
    "JobFailed": "errors",
    "KilnError": "errors",
    "NotFound": "errors",
    "Problem": "errors",
    "TimedOut": "errors",
    "TooManyRequests": "errors",
    "Unavailable": "errors",
    "Event": "events",
    "Job": "jobs",
    "Validation": "jobs",
    "Model": "models",
    "Page": "pages",
    "Retry": "retry",
    "__version__": "version",
}

__all__ = [
    "APIError",
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Curve",
    "Dataset",
    "DownloadCorrupt",
    "Event",
    "Invalid",
    "Job",
    "JobFailed",
    "KilnError",
    "MetricPoint",
    "Model",
    "NotFound",
    "Page",
    "Problem",
    "Retry",
    "TimedOut",
    "TooManyRequests",
    "Unavailable",
    "Validation",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tensorkiln' has no attribute {name!r}")
    return getattr(import_module(f"tensorkiln.{_HOMES[name]}"), name)
