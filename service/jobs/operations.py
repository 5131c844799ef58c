"""What can be done with jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.spec import DatasetSchema, check_job
from service.errors import (
    DatasetNotReady,
    Fault,
    InvalidRequest,
    JobNotFound,
    ModelNotFound,
    WeightsNotFound,
    WeightsNotReady,
    document_at,
)
from service.jobs import queries, records
from service.jobs.schemas import Estimate, Job, JobFilter, JobRequest, JobValidation
from service.models import operations as models
from service.models.schemas import ModelReport
from service.store import datasets, doorbell, jobs, tables
from service.web.edge import Answer
from service.web.schemas import ResourceList

_ID = re.compile(r"job_[0-9a-z]{1,36}")


@dataclass(frozen=True)
class CheckedJob:
    """A request that the engine has accepted, ready to be queued."""

    new: jobs.NewJob
    model: models.CheckedModel
    validate_only: bool


def check(session: Session, request: JobRequest) -> CheckedJob:
    """Judge a job: its model, its dataset, and how they fit together. Raises InvalidRequest and its kind."""
    model, model_id = _model(session, request)
    data = _dataset(session, request.dataset.name)
    document = request.model_dump(exclude={"name", "model", "validate_only"})
    with document_at(""):
        report = check_job(document, model.report, DatasetSchema.from_dict(data.schema or {}))
    estimate = {key: value for key, value in report.to_dict().items() if key != "job"}
    definition = {**document, **report.job, "model": model.definition}
    new = jobs.NewJob(
        definition=definition,
        model_sha256=model.sha256,
        dataset=data.name,
        device=request.device,
        estimate=estimate,
        epochs=request.epochs,
        steps_total=report.steps_total,
        name=request.name,
        model_id=model_id,
    )
    return CheckedJob(new, model, request.validate_only)


def submit(session: Session, checked: CheckedJob) -> Answer:
    """Queue a checked job, or only tell what it would cost."""
    if checked.validate_only:
        return Answer(
            JobValidation(
                definition=checked.new.definition,
                model=ModelReport(**checked.model.cost),
                estimate=Estimate(**checked.new.estimate),
            )
        )
    job_id = jobs.submit(session, checked.new)
    return Answer(
        get(session, job_id), 201, {"location": f"/v1/jobs/{job_id}"}, rings=[(doorbell.RUN_JOB, job_id)]
    )


def cancel(session: Session, job_id: str) -> Answer:
    """Cancel a queued job now, a running one at its next step. Raises JobNotFound, store.JobFinished."""
    jobs.request_cancel(session, job_id)
    return Answer(get(session, job_id))


def get(session: Session, job_id: str) -> Job:
    """Raises JobNotFound."""
    return records.show(session, [find(session, job_id)], whole=True)[0]


def page(session: Session, wanted: JobFilter) -> ResourceList[Job]:
    rows = queries.page(session, wanted, wanted.limit + 1)
    shown = records.show(session, rows, whole=False)
    return ResourceList[Job].of(shown, wanted.limit, lambda job: job, lambda job: job.id)


def find(session: Session, job_id: str) -> tables.Job:
    """Raises JobNotFound."""
    return jobs.get(session, well_formed(job_id))


def well_formed(job_id: str) -> str:
    """Raises JobNotFound for what no id looks like, before it reaches the database."""
    if not _ID.fullmatch(job_id):
        raise JobNotFound()
    return job_id


def weights(session: Session, job_id: str) -> tuple[tables.Job, tables.Artifact]:
    """The finished job and its weights. Raises JobNotFound, WeightsNotReady, WeightsNotFound."""
    job = find(session, job_id)
    if job.state not in tables.TERMINAL:
        raise WeightsNotReady(f"The job is {job.state}; its weights appear when it has succeeded.")
    artifact = queries.weights(session, [job_id]).get(job_id)
    if artifact is None:
        raise WeightsNotFound(f"The job {job.state} without weights.")
    return job, artifact


def _model(session: Session, request: JobRequest) -> tuple[models.CheckedModel, str | None]:
    given = request.model
    if isinstance(given, str):
        try:
            row = models.find(session, given)
        except ModelNotFound:
            fault = Fault("/model", f"no stored model has the id {given[:60]!r}; GET /v1/models lists them")
            raise InvalidRequest(errors=[fault]) from None
        return models.check(row.definition, at="/model"), row.id
    return models.check(given, at="/model"), None


def _dataset(session: Session, name: str) -> tables.Dataset:
    row = datasets.get(session, name) if "\x00" not in name else None
    if row is None:
        fault = Fault("/dataset/name", f"there is no dataset {name[:60]!r}; GET /v1/datasets lists them")
        raise InvalidRequest(errors=[fault])
    if row.state == datasets.READY and row.schema:
        return row
    if row.state == datasets.UNAVAILABLE:
        raise InvalidRequest(errors=[Fault("/dataset/name", f"{name} is unavailable: {row.message}")])
    fault = Fault("/dataset/name", f"{name} is still being prepared")
    raise DatasetNotReady(errors=[fault], headers={"retry-after": "1"})
