"""What the service can tell about itself."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.exc import SQLAlchemyError

from service.errors import NotReady
from service.jobs.curves import MAX_RAW_POINTS
from service.store import Store, workers
from service.store.doorbell import Doorbell
from service.system import queries
from service.system.schemas import Limits, Readiness, System, WorkerReport
from service.web.bodies import MAX_JSON_BYTES
from service.web.documents import MAX_DEPTH
from service.web.times import rfc3339

LIST_ITEMS = 100


def software_version() -> str:
    try:
        return version("tensorkiln")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0+unknown"


def system(store: Store) -> System:
    with store.read() as session:
        alive = workers.alive(session)
        queue = queries.unfinished_by_state(session)
    return System(
        version=software_version(),
        database=store.engine.dialect.name,
        devices=sorted({device for worker in alive for device in worker.report.get("devices", [])}),
        backends=sorted({backend for worker in alive for backend in worker.report.get("backends", [])}),
        workers=[
            WorkerReport(
                id=worker.id,
                version=worker.version,
                concurrency=worker.concurrency,
                started_at=rfc3339(worker.started_at),
                heartbeat_at=rfc3339(worker.heartbeat_at),
                report=worker.report,
            )
            for worker in alive
        ],
        queue=queue,
        limits=Limits(
            json_body_bytes=MAX_JSON_BYTES,
            json_depth=MAX_DEPTH,
            list_items=LIST_ITEMS,
            raw_metric_points=MAX_RAW_POINTS,
        ),
    )


def readiness(store: Store, doorbell: Doorbell) -> Readiness:
    """Raises NotReady, which names what is missing."""
    missing = []
    try:
        with store.read() as session:
            queries.answers(session)
    except SQLAlchemyError:
        missing.append("the database can't be reached, or has not been migrated")
    if not doorbell.reachable():
        missing.append("the broker can't be reached")
    if missing:
        raise NotReady(f"Not ready: {'; '.join(missing)}.", headers={"retry-after": "1"})
    return Readiness()
