"""The tables. Every time is a BIGINT of epoch milliseconds by the database's clock (`clock.now_ms`)."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

JsonDocument = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
ID_LENGTH = 40
SHA256_LENGTH = 64

QUEUED = "queued"
STARTING = "starting"
RUNNING = "running"
CANCELLING = "cancelling"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELLED = "cancelled"
ACTIVE = (STARTING, RUNNING, CANCELLING)  # an attempt holds the job
TERMINAL = (SUCCEEDED, FAILED, CANCELLED)  # never change again
STATES = (QUEUED, *ACTIVE, *TERMINAL)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {dict[str, Any]: JsonDocument, int: BigInteger, str: Text}


class Model(Base):
    """A validated definition. The same content is the same row; a name's rows count up `version`."""

    __tablename__ = "models"
    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    version: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(SHA256_LENGTH), unique=True)  # of the canonical definition
    definition: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]  # engine.spec's ModelReport
    created_at: Mapped[int]

    __table_args__ = (UniqueConstraint("name", "version"),)


class Dataset(Base):
    """A dataset's state and, once a worker has prepared it, its schema and the blobs of its splits."""

    __tablename__ = "datasets"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    source: Mapped[str] = mapped_column(String(16))  # builtin
    title: Mapped[str]
    state: Mapped[str] = mapped_column(String(16))  # preparing | ready | unavailable
    message: Mapped[str | None]  # why it is unavailable, or where it came from
    schema: Mapped[dict[str, Any] | None]  # engine.spec's DatasetSchema
    splits: Mapped[dict[str, Any] | None]  # {split: {count, sha256, size_bytes}}
    preview: Mapped[dict[str, Any] | None]
    lease_expires_at: Mapped[int | None]  # of the worker that prepares it
    created_at: Mapped[int]
    updated_at: Mapped[int]


class Job(Base):
    """A job: queue entry, lease and outcome in one row. A queued row is the outbox; the broker only rings."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    status_reason: Mapped[str | None]
    definition: Mapped[dict[str, Any]]  # canonical, the model's definition inlined
    model_id: Mapped[str | None] = mapped_column(ForeignKey("models.id", ondelete="SET NULL"), index=True)
    model_sha256: Mapped[str] = mapped_column(String(SHA256_LENGTH))
    dataset: Mapped[str] = mapped_column(String(100), index=True)
    device: Mapped[str] = mapped_column(String(32))
    estimate: Mapped[dict[str, Any]]  # engine.spec's JobReport, less the job

    attempt: Mapped[int] = mapped_column(Integer, default=0)  # the fencing token
    lost_attempts: Mapped[int] = mapped_column(Integer, default=0)  # whose worker or runner died
    worker_id: Mapped[str | None] = mapped_column(String(100))
    lease_expires_at: Mapped[int | None]
    not_before: Mapped[int | None]  # backoff: may not be claimed earlier
    next_ring_at: Mapped[int | None]  # when the reconciler rings for this queued row (again)
    rings: Mapped[int] = mapped_column(Integer, default=0)
    event_seq: Mapped[int] = mapped_column(
        default=0
    )  # last number given to an event or curve chunk of this job
    writes: Mapped[int] = mapped_column(default=0, server_default="0")  # that this attempt has made

    epoch: Mapped[int] = mapped_column(default=0)
    epochs: Mapped[int]
    step: Mapped[int] = mapped_column(default=0)
    steps_total: Mapped[int]
    steps_per_second: Mapped[float | None] = mapped_column(Float)  # lately, for the estimated finish
    progress_at: Mapped[int | None]
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict)  # latest value of each per-epoch metric
    error: Mapped[dict[str, Any] | None]  # {code, message, param, category}

    created_at: Mapped[int]
    queued_at: Mapped[int]
    started_at: Mapped[int | None]
    finished_at: Mapped[int | None]

    __table_args__ = (Index(None, "state", "queued_at"), Index(None, "state", "lease_expires_at"))


class JobEvent(Base):
    """Something that happened to a job. `seq` shares its numbering with the curve chunks, gapless per job."""

    __tablename__ = "job_events"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(32))  # status | epoch | checkpoint | weights
    attempt: Mapped[int] = mapped_column(Integer)
    data: Mapped[dict[str, Any]]
    created_at: Mapped[int]


class CurveChunk(Base):
    """Consecutive points of one metric, packed (`curves.pack`)."""

    __tablename__ = "curve_chunks"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer)
    step_first: Mapped[int]
    step_last: Mapped[int]
    points: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index(None, "job_id", "key", "step_first"),)


class Artifact(Base):
    """A file of a job's: its bytes are the blob named by `sha256`."""

    __tablename__ = "artifacts"
    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))  # weights | checkpoint
    attempt: Mapped[int] = mapped_column(Integer)
    step: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(SHA256_LENGTH))
    size_bytes: Mapped[int]
    created_at: Mapped[int]

    __table_args__ = (Index(None, "job_id", "kind", "step"),)


class IdempotencyKey(Base):
    """A POST that carried an Idempotency-Key: in flight while `response_status` is null, then its answer."""

    __tablename__ = "idempotency_keys"
    scope: Mapped[str] = mapped_column(String(300), primary_key=True)  # method and path
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(SHA256_LENGTH))
    owner: Mapped[str] = mapped_column(String(ID_LENGTH))  # the request that may complete or release it
    response_status: Mapped[int | None] = mapped_column(Integer)
    response_headers: Mapped[dict[str, Any] | None]
    response_body: Mapped[str | None]
    created_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)


class Worker(Base):
    """A worker process that has lately said that it lives."""

    __tablename__ = "workers"
    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    concurrency: Mapped[int] = mapped_column(Integer)
    report: Mapped[dict[str, Any]]  # engine.backends.report(): devices, backends, threads
    started_at: Mapped[int]
    heartbeat_at: Mapped[int]
