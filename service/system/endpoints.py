"""/v1/system, /healthz, /readyz"""

from __future__ import annotations

from fastapi import APIRouter

from service.errors import NotReady
from service.problems import responses
from service.system import operations
from service.system.schemas import Health, Readiness, System
from service.web.context import InContext, InStore
from service.web.routes import StrictRoute

router = APIRouter(tags=["system"], route_class=StrictRoute)


@router.get(
    "/v1/system",
    operation_id="getSystem",
    summary="Show the service",
    response_model=System,
    responses=responses(),
)
def get_system(store: InStore) -> System:
    """Version, living workers with their devices and backends, limits, and how long the queue is."""
    return operations.system(store)


@router.get("/healthz", operation_id="getHealth", summary="Is it alive?", response_model=Health)
async def get_health() -> Health:
    """Answers whenever the process does; looks at nothing else."""
    return Health()


@router.get("/v1/healthz", operation_id="getHealthV1", summary="Is it alive?", response_model=Health)
async def get_health_v1() -> Health:
    """The same as /healthz."""
    return Health()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Can it work?",
    response_model=Readiness,
    responses=responses(NotReady),
)
def get_readiness(context: InContext) -> Readiness:
    """Answers 200 when database and broker are reachable, and 503 with what is missing otherwise."""
    return operations.readiness(context.store, context.doorbell)
