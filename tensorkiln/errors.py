"""Everything that the SDK raises.

KilnError
├── ConnectionFailed        nothing answered, or the line broke and stayed broken
├── TimedOut                the deadline that the caller set has passed
├── APIError                the service answered, and said no
│   ├── Invalid             400, 413, 415, 422: the request is at fault; see `problems`
│   ├── NotFound            404
│   ├── Conflict            409: the resource is not in a state that allows this
│   ├── TooManyRequests     429, after every retry
│   └── Unavailable         502, 503, 504, after every retry
├── JobFailed               the job ended, and not with success; see `job`
└── DownloadCorrupt         the bytes do not have the sha256 that the service promised
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorkiln.jobs import Job


class KilnError(Exception):
    """Base class: `except KilnError` catches whatever the SDK raises."""


class ConnectionFailed(KilnError):
    """No answer from the service: refused, cut off, or silent for too long."""


class TimedOut(KilnError):
    """A wait with a deadline ended before what it waited for. The job itself goes on."""


@dataclass(frozen=True)
class Problem:
    """One fault of a request.

    pointer: RFC 6901, into the JSON that was sent; "" is its root
    parameter: the name of the query, path or header parameter at fault, where the body is not
    """

    pointer: str
    detail: str
    parameter: str | None = None

    def __str__(self) -> str:
        place = self.parameter or self.pointer
        return f"{place}: {self.detail}" if place else self.detail


class APIError(KilnError):
    """The service refused a request (RFC 9457 problem details).

    status: of the HTTP answer; code: the service's own name for the fault
    problems: each with its place; request_id: what the service's log calls this request
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "unknown",
        problems: Sequence[Problem] = (),
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.problems = tuple(problems)
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return "\n  ".join([str(self.args[0]), *map(str, self.problems)])

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe, for logs and `--json`."""
        errors = [
            {"pointer": p.pointer, "detail": p.detail} | ({"parameter": p.parameter} if p.parameter else {})
            for p in self.problems
        ]
        return {
            "status": self.status,
            "code": self.code,
            "detail": str(self.args[0]),
            "errors": errors,
            "request_id": self.request_id,
        }


class Invalid(APIError):
    """The request itself is at fault; sending it again will not help."""


class NotFound(APIError):
    """There is no such job, model, dataset or artifact."""


class Conflict(APIError):
    """The resource's state does not allow this, or another request is in the way."""


class TooManyRequests(APIError):
    """The service asked to slow down, and every retry was used up."""


class Unavailable(APIError):
    """The service is up but cannot answer now, and every retry was used up."""


class JobFailed(KilnError):
    """The job ended as failed or cancelled. `job` holds its last state, with `job.error`."""

    def __init__(self, job: "Job") -> None:
        was = "was " if job.state == "cancelled" else ""
        super().__init__(f"job {job.id} {was}{job.state}{job.why}")
        self.job = job


class DownloadCorrupt(KilnError):
    """What arrived is not what the service described. The partial file has been removed."""
