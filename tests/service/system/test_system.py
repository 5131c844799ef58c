"""The service about itself."""

from pathlib import Path
from typing import Any

from service.app import create_app
from service.settings import Settings
from service.store import Store, workers
from tests.service.clients import AppClient, assert_problem
from tests.service.trained import start

REPORT = {"devices": ["cpu"], "backends": ["numpy"], "threads": 2}


def test_the_system_shows_workers_queue_and_limits(client: AppClient, store: Store, submit: Any) -> None:
    with store.write() as session:
        workers.beat(session, "worker-1", "0.1.0", 2, REPORT)
    start(store, submit())
    submit()
    shown = client.get("/v1/system").json()
    assert shown["devices"] == ["cpu"]
    assert shown["backends"] == ["numpy"]
    assert [worker["id"] for worker in shown["workers"]] == ["worker-1"]
    assert shown["queue"] == {"queued": 1, "starting": 0, "running": 1, "cancelling": 0}
    assert shown["limits"]["json_body_bytes"] == 256 * 1024
    assert shown["database"] in ("sqlite", "postgresql")


def test_no_worker_is_no_error(client: AppClient) -> None:
    shown = client.get("/v1/system").json()
    assert shown["devices"] == []
    assert shown["workers"] == []


def test_health_asks_nobody(client: AppClient) -> None:
    for path in ("/healthz", "/v1/healthz"):
        assert client.get(path).json() == {"status": "ok"}
        assert client.head(path).status_code == 200


def test_ready_without_a_broker_is_not_ready(client: AppClient) -> None:
    problem = assert_problem(client.get("/readyz"), 503, "not_ready")
    assert "broker" in problem["detail"]
    assert "database" not in problem["detail"]


def test_ready_with_database_and_broker(settings: Settings, store: Store, redis_url: str) -> None:
    app = create_app(settings.model_copy(update={"redis_url": redis_url}))
    with AppClient(app) as client:
        assert client.get("/readyz").json() == {"status": "ready", "database": True, "broker": True}
    app.state.context.doorbell.close()
    app.state.context.store.close()


def test_a_database_that_was_not_migrated_is_not_ready(tmp_path: Path) -> None:
    app = create_app(
        Settings(home=tmp_path / "home", database_url="", redis_url=f"unix://{tmp_path}/no.sock")
    )
    with AppClient(app) as client:
        problem = assert_problem(client.get("/readyz"), 503, "not_ready")
        assert "database" in problem["detail"]
        assert_problem(client.get("/v1/jobs"), 503, "database_unavailable")
        assert client.get("/healthz").status_code == 200
    app.state.context.doorbell.close()
    app.state.context.store.close()
