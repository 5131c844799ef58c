"""The app on a private store with MNIST ready, a client for it, and the server as a process of its own."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from migrations.schema import upgrade
from service.app import create_app
from service.jobs.schemas import EXAMPLE_JOB
from service.settings import Settings
from service.store import Store
from tests.service.clients import AppClient
from tests.service.processes import Server
from tests.service.trained import make_mnist_ready


@pytest.fixture
def app(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[FastAPI]:
    make_mnist_ready(store)
    app = create_app(settings)
    # the broker that these settings name is not there, and it takes seconds to find out
    monkeypatch.setattr(app.state.context.doorbell, "ring", lambda task, name: True)
    yield app
    app.state.context.doorbell.close()
    app.state.context.store.close()


@pytest.fixture
def client(app: FastAPI) -> Iterator[AppClient]:
    with AppClient(app) as client:
        yield client


@pytest.fixture
def job() -> dict[str, Any]:
    """A job that the API takes, to be bent out of shape."""
    return deepcopy(EXAMPLE_JOB)


@pytest.fixture
def submit(client: AppClient, job: dict[str, Any]) -> Callable[..., str]:
    """Queue a job with these changes; returns its id."""

    def submit(**changes: Any) -> str:
        response = client.post("/v1/jobs", json={**job, **changes})
        assert response.status_code == 201, response.text
        job_id: str = response.json()["id"]
        return job_id

    return submit


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`python -m service` on SQLite with MNIST ready and no broker; one per test module."""
    home: Path = tmp_path_factory.mktemp("server")
    settings = Settings(home=home, database_url="", redis_url=f"unix://{home / 'nobody.sock'}")
    upgrade(settings.database)
    store = Store.open(settings)
    make_mnist_ready(store)
    with Server(settings) as server:
        server.store = store
        yield server
    store.close()
