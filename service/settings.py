"""Settings, read once from the environment (prefix `KILN_`) at a process's edge and passed in from there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


HomePath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """What one API or worker process needs to know. Every field can be set as `KILN_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="KILN_", frozen=True, extra="ignore")

    home: HomePath = Field(
        default=Path("~/.kiln"),
        description="folder of the database, blobs, datasets and logs",
        validate_default=True,
    )
    database_url: str = Field(
        default="",
        description="`postgresql+psycopg://…` or `sqlite:///…`; empty: `kiln.sqlite3` in the home",
    )
    redis_url: str = Field(
        default="",
        description="`redis://host:port/db` or `unix:///to.sock`; empty: `broker/redis.sock` in the home",
    )
    data_dir: HomePath | None = Field(
        default=None, description="where raw data lies, e.g. MNIST's four idx files"
    )
    host: str = "127.0.0.1"
    port: int = Field(default=8712, ge=0, le=65535)
    worker_concurrency: int = Field(
        default=1, ge=1, le=64, description="jobs that one worker trains at a time"
    )
    lease_s: float = Field(
        default=30.0, gt=0, description="how long a claimed job is its worker's without renewal"
    )
    renew_s: float = Field(
        default=5.0, gt=0, description="how often a worker renews its lease; at most half of lease_s"
    )
    reconcile_s: float = Field(default=2.0, gt=0, description="pause between two rounds of the reconciler")
    max_attempts: int = Field(
        default=3,
        ge=1,
        description="attempts lost in a row (a worker or runner died before a checkpoint) until a job fails",
    )
    job_memory_mb: int = Field(
        default=0, ge=0, description="memory limit of one job's process; 0: 80% of the machine's"
    )
    download: bool = Field(default=True, description="whether built-in datasets may be downloaded")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _renew_in_time(self) -> Self:
        if self.renew_s > self.lease_s / 2:
            raise ValueError(
                f"KILN_RENEW_S is {self.renew_s:g}: a lease of {self.lease_s:g} s (KILN_LEASE_S) "
                f"must be renewed at least every {self.lease_s / 2:g} s"
            )
        return self

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.home / 'kiln.sqlite3'}"

    @property
    def redis(self) -> str:
        """The broker's URL in redis-py's form."""
        return self.redis_url or f"unix://{self.home / 'broker' / 'redis.sock'}"

    @property
    def broker(self) -> str:
        """The broker's URL in Celery's form, which spells a unix socket differently."""
        return "redis+socket" + self.redis[len("unix") :] if self.redis.startswith("unix:") else self.redis

    @property
    def blobs_dir(self) -> Path:
        return self.home / "blobs"

    @property
    def datasets_dir(self) -> Path:
        return self.home / "datasets"

    @property
    def scratch_dir(self) -> Path:
        return self.home / "scratch"


def complaint(error: ValidationError) -> str:
    """What is wrong with the environment, a line for each fault."""
    lines = []
    for fault in error.errors():
        name = "_".join(("KILN", *map(str, fault["loc"]))).upper()
        lines.append(f"kiln: {name}: {fault['msg']}\n" if fault["loc"] else f"kiln: {fault['msg']}\n")
    return "".join(lines)
