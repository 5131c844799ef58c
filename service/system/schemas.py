"""What the system endpoints answer with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.web.schemas import JsonObject, Resource
from service.web.times import Timestamp


class WorkerReport(Resource):
    """A worker that has been heard of in the last half minute."""

    id: str
    version: str
    concurrency: int = Field(description="Jobs that it trains at a time.")
    started_at: Timestamp
    heartbeat_at: Timestamp
    report: JsonObject = Field(description="The engine's own: devices, backends, threads.")


class Limits(Resource):
    """What a request may ask for."""

    json_body_bytes: int
    json_depth: int
    list_items: int
    raw_metric_points: int


class System(Resource):
    """The service at a glance."""

    object: Literal["system"] = "system"
    version: str
    database: str = Field(description="sqlite or postgresql")
    devices: list[str] = Field(description="Where the living workers can train.")
    backends: list[str] = Field(description="Kernel tables of the living workers.")
    workers: list[WorkerReport]
    queue: dict[str, int] = Field(description="Unfinished jobs by state.")
    limits: Limits


class Health(Resource):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Resource):
    """The process can do its work."""

    status: Literal["ready"] = "ready"
    database: Literal[True] = True
    broker: Literal[True] = True
