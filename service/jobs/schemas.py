"""What is sent to and answered by the job endpoints."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from service.jobs.faults import with_the_engines
from service.models.schemas import EXAMPLE_DEFINITION, ModelReport
from service.store.tables import STATES
from service.web.schemas import JsonObject, Page, QueryParameters, RequestBody, Resource, cursor
from service.web.times import Moment, Timestamp

JobState = Literal["queued", "starting", "running", "cancelling", "succeeded", "failed", "cancelled"]
assert set(JobState.__args__) == set(STATES)  # type: ignore[attr-defined]  # typeshed doesn't know a Literal's arguments

MAX_INT = 2**63 - 1
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]

EXAMPLE_JOB: JsonObject = {
    "name": "first run",
    "model": EXAMPLE_DEFINITION,
    "dataset": {"name": "mnist"},
    "transforms": [{"type": "ToTensor"}],
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.01},
    "epochs": 10,
    "batch_size": 64,
    "shuffle": True,
    "seed": 0,
    "metrics": ["accuracy"],
    "evaluate": {"split": "test", "every": "epoch"},
    "checkpoint": {"every_steps": 1000, "keep": 2},
    "device": "auto",
}


def _typed(catalogue: str, example: JsonObject) -> WithJsonSchema:
    """An object whose `type` names an entry of a catalogue; the engine judges the rest of it."""
    schema: JsonObject = {
        "type": "object",
        "properties": {"type": {"type": "string"}},
        "required": ["type"],
        "additionalProperties": True,
        "description": f"`type` is one of GET /v1/{catalogue}, the rest are its arguments.",
        "examples": [example],
    }
    return WithJsonSchema(schema)


Transform = Annotated[JsonObject, _typed("transforms", {"type": "ToTensor"})]
Loss = Annotated[JsonObject, _typed("losses", {"type": "CrossEntropyLoss"})]
Optimizer = Annotated[JsonObject, _typed("optimizers", {"type": "SGD", "lr": 0.01})]
Scheduler = Annotated[JsonObject, _typed("schedulers", {"type": "StepLR", "step_size": 5})]


def _definition_or_id(value: Any) -> str | JsonObject:
    """One complaint instead of one for each kind that it might have been."""
    if isinstance(value, str | dict):
        return value
    raise ValueError("a definition, or the id of a stored model, is expected")


ModelGiven = Annotated[
    str | JsonObject,
    PlainValidator(_definition_or_id),
    WithJsonSchema(
        {
            "anyOf": [
                {"$ref": "#/components/schemas/ModelDefinition"},
                {"type": "string", "pattern": "^mdl_", "description": "The id of a stored model."},
            ],
            "description": "A definition, or the id of a stored model.",
        }
    ),
]


# the engine judges it, with one complaint instead of one for each kind that it might have been
Every = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [{"const": "epoch"}, {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}],
            "examples": ["epoch", 5],
        }
    ),
]


class DatasetGiven(RequestBody):
    """The data to train on."""

    name: str = Field(
        min_length=1, max_length=100, description="One of GET /v1/datasets.", examples=["mnist"]
    )


class Evaluate(RequestBody):
    """When to measure on data that is not trained on."""

    split: str = Field(default="test", min_length=1, max_length=100, description="A split of the dataset.")
    every: Every = Field(
        default="epoch",
        description="`epoch`: after every epoch; a number: after so many, and after the last one.",
    )


class Checkpoint(RequestBody):
    """How often the whole state is saved, so that an interrupted job goes on from there."""

    every_steps: int = Field(ge=1, le=10**9, description="Steps between two checkpoints.")
    keep: int = Field(default=2, ge=1, le=100, description="How many of them are kept.")


class JobRequest(RequestBody):
    """A training job."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_JOB]})

    name: Name | None = Field(default=None, description="For people; need not be unique.")
    model: ModelGiven
    dataset: DatasetGiven
    transforms: list[Transform] = Field(
        default_factory=list, max_length=32, description="What each sample passes through, in order."
    )
    loss: Loss
    optimizer: Optimizer
    scheduler: Scheduler | None = Field(default=None, description="How the learning rate changes.")
    epochs: int = Field(ge=1, le=1_000_000, description="Passes over the training data.")
    batch_size: int = Field(ge=1, le=1_000_000, description="Samples per step.")
    shuffle: bool = Field(default=True, description="Whether each epoch has its own order of samples.")
    seed: int = Field(default=0, ge=0, le=MAX_INT, description="Of every random number of the job.")
    metrics: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list, max_length=16, description="Measured beside the loss, e.g. `accuracy`."
    )
    evaluate: Evaluate | None = Field(default=None, description="Null: train only.")
    checkpoint: Checkpoint | None = Field(default=None, description="Null: an interrupted job begins anew.")
    device: Annotated[
        str, Field(pattern=r"^(auto|cpu|cuda(:[0-9]{1,3})?)$", examples=["auto", "cpu", "cuda"])
    ] = Field(default="auto", description="Where to train; `auto` takes the fastest that the worker has.")
    validate_only: bool = Field(
        default=False, description="Check and estimate, but queue nothing: the answer is a `job_validation`."
    )

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all(cls, document: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(document)
        except ValidationError as error:
            raise with_the_engines(error, document) from None


class JobFilter(Page):
    """Which jobs a list shows."""

    after: str | None = cursor("job")
    state: list[JobState] | None = Field(default=None, description="Jobs in this state; may be repeated.")
    model: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_]+$")] | None = Field(
        default=None, description="Jobs of the stored model with this id."
    )
    dataset: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]+$")] | None = Field(
        default=None, description="Jobs on the dataset with this name."
    )
    created_after: Moment | None = Field(
        default=None,
        description="Jobs created at or after this time (RFC 3339).",
        examples=["2026-11-23T00:00:00Z"],
    )
    created_before: Moment | None = Field(
        default=None, description="Jobs created before this time (RFC 3339)."
    )


class Estimate(Resource):
    """What a job costs, reckoned from shapes alone."""

    parameters: int = Field(description="Trainable numbers of the model.")
    flops_per_step: int = Field(description="Forward and backward, for one batch.")
    flops_total: int
    steps_per_epoch: int
    steps_total: int
    peak_memory_bytes: int = Field(
        description="Weights, gradients, optimizer state and intermediates of one step."
    )


class JobValidation(Resource):
    """The verdict on a job that was sent with `validate_only`: it would be accepted."""

    object: Literal["job_validation"] = "job_validation"
    definition: JsonObject = Field(description="The job with every default written out.")
    model: ModelReport
    estimate: Estimate


class StatusChange(Resource):
    """One entry of a job's status history."""

    state: JobState
    at: Timestamp
    reason: str | None
    attempt: int


class Progress(Resource):
    """How far a job has got."""

    epoch: int = Field(description="The epoch in progress, counted from 1; 0 before the first.")
    epochs: int
    step: int = Field(description="Steps done, over all epochs.")
    steps_total: int
    fraction: float = Field(ge=0, le=1)


class ModelReference(Resource):
    """The model that a job trains."""

    id: str | None = Field(description="Null for a model that was given inline, or deleted since.")
    name: str | None
    sha256: str = Field(description="Of the canonical definition.")


class WeightsReference(Resource):
    """Where the trained weights are."""

    sha256: str
    size_bytes: int
    url: str = Field(description="Path on this server; a safetensors file.")


class JobFault(Resource):
    """Why a job failed."""

    code: str
    message: str
    param: str | None = Field(default=None, description="The part of the definition at fault, if it is one.")
    category: Literal["user", "server"] = Field(description="Whose fault it is: the job's own, or ours.")


class Job(Resource):
    """A training job and how it stands."""

    id: str
    object: Literal["job"] = "job"
    name: str | None
    state: JobState
    status_reason: str | None
    status_history: list[StatusChange]
    attempt: int = Field(description="How often a worker has taken it up.")
    queue_position: int | None = Field(description="1 is next; null unless queued.")
    progress: Progress
    estimated_finish: Timestamp | None = Field(description="Null unless running.")
    created_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    model: ModelReference
    dataset: str
    device: str
    definition: JsonObject | None = Field(
        description="The job with every default written out; null in lists."
    )
    estimate: Estimate
    metrics: dict[str, float | None] = Field(description="Latest value of each per-epoch metric.")
    weights: WeightsReference | None = Field(description="Null until the job has succeeded.")
    error: JobFault | None


class Event(Resource):
    """Something that happened to a job."""

    seq: int
    type: str = Field(description="status, epoch, checkpoint or weights")
    at: Timestamp
    attempt: int
    data: JsonObject


class EventQuery(Page):
    """Which events a list shows, oldest first."""

    after: int | None = Field(
        default=None, ge=0, le=MAX_INT, description="The `seq` of the last event seen.", examples=[12]
    )


class CurveQuery(QueryParameters):
    """Which points of which metric."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$")] | None = Field(
        default=None, description="The metric, e.g. `loss`; all of them if left out.", examples=["loss"]
    )
    step_from: int | None = Field(default=None, ge=0, le=MAX_INT, description="The first step wanted.")
    step_to: int | None = Field(default=None, ge=0, le=MAX_INT, description="The last step wanted.")
    points: int | None = Field(
        default=None,
        ge=2,
        le=10_000,
        description="At most this many per metric: the least and the greatest of points / 2 equal runs.",
        examples=[500],
    )


class MetricPoint(Resource):
    """One value of one metric."""

    key: str
    step: int = Field(description="Counted from 1 over the whole job.")
    value: float | None = Field(description="Null stands for NaN and infinities, which JSON lacks.")
    timestamp: Timestamp
    epoch: int
    attempt: int


class Metrics(Resource):
    """Points of a job's curves."""

    object: Literal["metrics"] = "metrics"
    job_id: str
    key: str | None
    keys: list[str] = Field(description="The metrics that the job has points of.")
    total_points: int = Field(description="How many points lie in the range, before bucketing.")
    data: list[MetricPoint]
