"""The FastAPI application, put together."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from service import problems
from service.catalogue.endpoints import router as catalogue
from service.datasets.endpoints import router as datasets
from service.jobs.endpoints import router as jobs
from service.models.endpoints import router as models
from service.settings import Settings
from service.store import Store
from service.store import datasets as stored_datasets
from service.store.doorbell import Doorbell
from service.store.reconciler import Reconciler
from service.system.endpoints import router as system
from service.system.operations import software_version
from service.web import openapi, pages
from service.web.bodies import BodyLimit
from service.web.context import Context
from service.web.gate import Gate

log = logging.getLogger("service")


def create_app(settings: Settings) -> FastAPI:
    """The API on these settings. Its lifespan runs the reconciler; all else works without it."""
    context = Context(settings, Store.open(settings), Doorbell(settings))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(_show_builtin, context)
        threading.Thread(target=_warm_up, args=[app, context], name="warm-up", daemon=True).start()
        reconciler = Reconciler(context.store, context.doorbell, settings)
        reconciler.start()
        yield
        context.closing.set()
        await to_thread.run_sync(reconciler.stop)
        context.doorbell.close()
        context.store.close()

    app = FastAPI(
        title="Tensorkiln",
        summary=openapi.SUMMARY,
        description=openapi.DESCRIPTION,
        version=software_version(),
        openapi_tags=openapi.TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.context = context
    for router in (models, datasets, jobs, catalogue, system):
        app.include_router(router)
    pages.install(app)
    openapi.install(app)
    problems.install(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Gate)
    return app


def _show_builtin(context: Context) -> None:
    """Give the built-in datasets their rows before the first request can ask for them."""
    try:
        with context.store.write() as session:
            stored_datasets.ensure_builtin(session)
    except SQLAlchemyError as error:
        log.warning("the database is not ready (%s): has `python -m migrations` run?", type(error).__name__)


def _warm_up(app: FastAPI, context: Context) -> None:
    """What nobody waits for: build the OpenAPI document, ring for the datasets that are not ready."""
    app.openapi()
    try:
        with context.store.read() as session:
            rows = [stored_datasets.get(session, name) for name in stored_datasets.BUILTIN]
    except SQLAlchemyError:
        return  # said above
    for row in rows:
        if row is not None and row.state != stored_datasets.READY:
            context.doorbell.prepare_dataset(row.name)
