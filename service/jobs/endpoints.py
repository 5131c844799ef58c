"""/v1/jobs"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from service.errors import (
    DatasetNotReady,
    Fault,
    InvalidDefinition,
    InvalidHeader,
    InvalidRequest,
    JobFinished,
    JobNotFound,
    KeyReused,
    RangeNotSatisfiable,
    RequestInFlight,
    WeightsNotFound,
    WeightsNotReady,
)
from service.jobs import curves, events, operations
from service.jobs.schemas import (
    EXAMPLE_JOB,
    CurveQuery,
    Event,
    EventQuery,
    Job,
    JobFilter,
    JobRequest,
    JobValidation,
    Metrics,
)
from service.jobs.stream import feed
from service.problems import BODY_ERRORS, responses
from service.web.context import InContext, InStore
from service.web.edge import AtEdge
from service.web.gate import HEAD_SCOPE_KEY
from service.web.ranges import RANGE_PARAMETERS, file_response
from service.web.routes import StrictRoute
from service.web.schemas import RequestBody, ResourceList

SAFETENSORS = "application/vnd.safetensors"
router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=StrictRoute)
JobId = Annotated[str, Path(description="The job's id.", examples=["job_01m3kd8v9a2s4w6y8h0jk2mn"])]


class CancelRequest(RequestBody):
    """Nothing; an empty object may be sent."""


@router.post(
    "",
    operation_id="createJob",
    summary="Submit a training job",
    status_code=201,
    response_model=Job,
    responses={
        200: {"description": "`validate_only` was set: the job would be accepted.", "model": JobValidation},
        **responses(
            *BODY_ERRORS, InvalidRequest, InvalidDefinition, DatasetNotReady, KeyReused, RequestInFlight
        ),
    },
)
def create_job(
    request: Annotated[
        JobRequest,
        Body(
            openapi_examples={
                "inline": {"summary": "A two-layer network on MNIST", "value": EXAMPLE_JOB},
                "validate_only": {
                    "summary": "Only check it and estimate its cost",
                    "value": {**EXAMPLE_JOB, "validate_only": True},
                },
            }
        ),
    ],
    edge: AtEdge,
) -> Response:
    """Check a job down to every shape and queue it; with `validate_only`, only check it and tell its cost."""
    return edge.post(lambda session: operations.check(session, request), operations.submit)


@router.get(
    "",
    operation_id="listJobs",
    summary="List jobs",
    response_model=ResourceList[Job],
    responses=responses(InvalidRequest),
)
def list_jobs(wanted: Annotated[JobFilter, Query()], store: InStore) -> ResourceList[Job]:
    """Jobs, newest first, those that every given filter lets through."""
    with store.read() as session:
        return operations.page(session, wanted)


@router.get(
    "/{job_id}",
    operation_id="getJob",
    summary="Show a job",
    response_model=Job,
    responses=responses(JobNotFound),
)
def get_job(job_id: JobId, store: InStore) -> Job:
    """One job: its state and how it came to it, its progress, its latest metrics."""
    with store.read() as session:
        return operations.get(session, job_id)


@router.post(
    "/{job_id}/cancel",
    operation_id="cancelJob",
    summary="Cancel a job",
    response_model=Job,
    responses=responses(*BODY_ERRORS, JobNotFound, JobFinished, InvalidRequest, KeyReused, RequestInFlight),
)
def cancel_job(job_id: JobId, edge: AtEdge, request: CancelRequest | None = None) -> Response:
    """End a job: at once while it is queued, at its next step while it runs, `cancelling` until then. Asking
    twice is harmless; a job that has ended can't be cancelled any more."""
    operations.well_formed(job_id)
    return edge.post(lambda session: job_id, operations.cancel)


@router.get(
    "/{job_id}/metrics",
    operation_id="getJobMetrics",
    summary="Read a job's curves",
    response_model=Metrics,
    responses=responses(JobNotFound, InvalidRequest),
)
def get_metrics(job_id: JobId, wanted: Annotated[CurveQuery, Query()], store: InStore) -> Response:
    """A metric's points by rising step, or every metric's one after the other. Raw without `points`; with it,
    thinned out in a way that keeps every extreme."""
    with store.read() as session:
        return Response(curves.metrics(session, job_id, wanted), media_type="application/json")


@router.get(
    "/{job_id}/events",
    operation_id="listJobEvents",
    summary="List a job's events",
    response_model=ResourceList[Event],
    responses=responses(JobNotFound, InvalidRequest),
)
def list_events(job_id: JobId, wanted: Annotated[EventQuery, Query()], store: InStore) -> ResourceList[Event]:
    """Changes of state, ends of epochs, checkpoints and weights, oldest first. `seq` counts as the live feed
    does, where points of curves take numbers too: the gaps are theirs."""
    with store.read() as session:
        return events.page(session, job_id, wanted)


@router.get(
    "/{job_id}/stream",
    operation_id="streamJob",
    summary="Follow a job live",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `status`, `metrics`, `epoch`, `checkpoint`, `weights` and, "
            "at the end, `done`. The id of each is its number in the database.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'event: status\nid: 3\ndata: {"state":"running","reason":null}\n\n',
                }
            },
        },
        **responses(JobNotFound, InvalidHeader),
    },
)
def stream_job(
    job_id: JobId,
    request: Request,
    context: InContext,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            description="The number of the last event seen: the feed goes on behind it.",
            examples=["12"],
        ),
    ] = None,
) -> Response:
    """Everything that happens to a job, from its first event on or behind `Last-Event-ID`. The server
    closes the stream after `done`; a line that breaks earlier is to be opened again with the last id seen."""
    last = _event_number(last_event_id)
    with context.store.read() as session:
        operations.find(session, job_id)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if request.scope.get(HEAD_SCOPE_KEY):
        return Response(headers=headers, media_type="text/event-stream")
    return StreamingResponse(feed(context, job_id, last), headers=headers, media_type="text/event-stream")


@router.get(
    "/{job_id}/weights",
    operation_id="downloadWeights",
    summary="Download the trained weights",
    response_class=Response,
    responses={
        200: {
            "description": "A safetensors file with the keys of the network's `state_dict` in PyTorch. "
            "`ETag` is its SHA-256 in hexadecimal, `Repr-Digest` the same in base64.",
            "content": {SAFETENSORS: {"schema": {"type": "string", "format": "binary"}}},
        },
        206: {"description": "The bytes that `Range` asked for.", "content": {SAFETENSORS: {}}},
        304: {"description": "`If-None-Match` named the file that is here."},
        **responses(JobNotFound, WeightsNotFound, WeightsNotReady, RangeNotSatisfiable),
    },
    openapi_extra={"parameters": RANGE_PARAMETERS},
)
def download_weights(job_id: JobId, request: Request, store: InStore) -> Response:
    """The weights of a job that has succeeded. One `Range` is served; `If-Range` takes the ETag."""
    with store.read() as session:
        job, weights = operations.weights(session, job_id)
    path = store.blobs.path(weights.sha256)
    return file_response(
        request, path, weights.sha256, weights.size_bytes, SAFETENSORS, f"{job.id}.safetensors"
    )


def _event_number(given: str | None) -> int:
    if given is None or given == "":
        return 0
    if given.isascii() and given.isdigit() and len(given) <= 18:
        return int(given)
    detail = f"{given[:40]!r} is not the number of an event"
    raise InvalidHeader(errors=[Fault("", detail, parameter="Last-Event-ID", place="header")])
