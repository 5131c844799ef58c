"""What the API refuses, one class per answer. `problems.py` turns each into its HTTP response.

ServiceError
  MalformedJson 400         IncompleteBody 400        InvalidHeader 400
  NotFound 404
    RouteNotFound           ModelNotFound             DatasetNotFound
    JobNotFound             WeightsNotFound
  MethodNotAllowed 405      BodyTimeout 408
  JobFinished 409           WeightsNotReady 409       DatasetNotReady 409        RequestInFlight 409
  BodyTooLarge 413          UnsupportedMediaType 415  RangeNotSatisfiable 416
  InvalidRequest 422
    InvalidDefinition       KeyReused
  InternalError 500
  DatabaseUnavailable 503   NotReady 503

The first paragraph of a class's docstring is the message that a client reads where the raiser gives none.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from engine.spec import SpecError


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request, and where.

    pointer: RFC 6901 into the request's JSON body, "" for the whole of it
    parameter, place: instead of a pointer, a parameter's name and `query`, `path` or `header`
    """

    pointer: str
    detail: str
    parameter: str | None = None
    place: str | None = None

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {"pointer": self.pointer, "detail": self.detail}
        if self.parameter is not None:
            out |= {"parameter": self.parameter, "in": self.place}
        return out


class ServiceError(Exception):
    """The service refused the request."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or self.message()
        self.errors: Sequence[Fault] = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(self.detail)

    @classmethod
    def message(cls) -> str:
        """The docstring's first paragraph on one line."""
        return " ".join((inspect.getdoc(cls) or cls.title).split("\n\n")[0].split())


class MalformedJson(ServiceError):
    """The body is not the JSON that this API accepts."""

    status, code, title = 400, "malformed_json", "Malformed JSON"


class IncompleteBody(ServiceError):
    """The connection ended before the whole body had arrived."""

    status, code, title = 400, "incomplete_body", "Incomplete body"


class InvalidHeader(ServiceError):
    """A header's value is not of the expected form."""

    status, code, title = 400, "invalid_header", "Invalid header"


class NotFound(ServiceError):
    """There is nothing at this address."""

    status, code, title = 404, "not_found", "Not found"


class RouteNotFound(NotFound):
    """No resource has this path; GET /openapi.json lists them all."""

    code = "route_not_found"


class ModelNotFound(NotFound):
    """No model has this id; GET /v1/models lists them."""

    code = "model_not_found"


class DatasetNotFound(NotFound):
    """No dataset has this name; GET /v1/datasets lists them."""

    code = "dataset_not_found"


class JobNotFound(NotFound):
    """No job has this id; GET /v1/jobs lists them."""

    code = "job_not_found"


class WeightsNotFound(NotFound):
    """The job ended without weights."""

    code = "weights_not_found"


class MethodNotAllowed(ServiceError):
    """The resource does not know this method; the Allow header lists those that it knows."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class BodyTimeout(ServiceError):
    """The body arrived too slowly."""

    status, code, title = 408, "body_timeout", "Request timeout"


class JobFinished(ServiceError):
    """The job has ended, and a job that has ended never changes."""

    status, code, title = 409, "job_finished", "Job finished"


class WeightsNotReady(ServiceError):
    """The job has not finished yet; its weights appear when its state is succeeded."""

    status, code, title = 409, "weights_not_ready", "Weights not ready"


class DatasetNotReady(ServiceError):
    """The dataset is still being prepared; try again when its state is ready."""

    status, code, title = 409, "dataset_not_ready", "Dataset not ready"


class RequestInFlight(ServiceError):
    """A request with the same Idempotency-Key is still being answered; try again shortly."""

    status, code, title = 409, "request_in_flight", "Request in flight"


class BodyTooLarge(ServiceError):
    """The body is larger than the limit for JSON."""

    status, code, title = 413, "body_too_large", "Body too large"


class UnsupportedMediaType(ServiceError):
    """The body must be JSON, sent with Content-Type: application/json."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class RangeNotSatisfiable(ServiceError):
    """The Range header asks for bytes beyond the file's end."""

    status, code, title = 416, "range_not_satisfiable", "Range not satisfiable"


class InvalidRequest(ServiceError):
    """The request has faults; `errors` lists them all with their places."""

    status, code, title = 422, "invalid_request", "Invalid request"


class InvalidDefinition(InvalidRequest):
    """The definition has faults; `errors` lists them all with their places."""

    code, title = "invalid_definition", "Invalid definition"


class KeyReused(InvalidRequest):
    """The Idempotency-Key was used before with another body; use a new key for a new request."""

    code, title = "idempotency_key_reused", "Idempotency key reused"


class InternalError(ServiceError):
    """The server failed; the request is not at fault. The request_id helps to find the cause in its log."""


class DatabaseUnavailable(ServiceError):
    """The database is busy or unreachable; try again shortly."""

    status, code, title = 503, "database_unavailable", "Database unavailable"


class NotReady(ServiceError):
    """The service can't do its work yet, or not any more."""

    status, code, title = 503, "not_ready", "Not ready"


# Judging a large model is half a second of pure Python. The interpreter's lock lets several at once be no
# faster than one after another, but every other request would wait its turn among all of them.
_one_at_a_time = threading.RLock()


@contextmanager
def document_at(prefix: str) -> Iterator[None]:
    """Let the engine judge the part of the request that stands at `prefix`; its pointers then begin so."""
    try:
        with _one_at_a_time:
            yield
    except SpecError as error:
        faults = [Fault(prefix + problem.pointer, problem.detail) for problem in error.problems]
        count = f"{len(faults)} faults" if len(faults) != 1 else "1 fault"
        raise InvalidDefinition(f"The definition has {count}.", errors=faults) from None
