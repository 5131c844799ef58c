"""The reconciler and the doorbell, with a real broker or none."""

import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import redis

from service.settings import Settings
from service.store import Store, jobs, reconciler
from service.store.doorbell import QUEUE, Doorbell
from service.store.reconciler import Reconciler, ring, settle
from service.store.tables import Job
from tests.journeys.stacks import wait_for
from tests.servers import redis_server
from tests.service.store.jobs_for_tests import claim, submit


@pytest.fixture
def broker() -> Iterator[str]:
    """A broker with nothing in it."""
    with redis_server(private=True) as url:
        yield url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"lease_s": 1.0, "renew_s": 0.2, "reconcile_s": 0.05})


def _doorbell(settings: Settings, url: str) -> Doorbell:
    return Doorbell(settings.model_copy(update={"redis_url": url}))


def _messages(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.llen(QUEUE))


def _due(store: Store) -> str:
    """A job that it is time to ring for."""
    with store.write() as session:
        job_id = submit(session)
        session.get_one(Job, job_id).next_ring_at = 1
    return job_id


def test_a_due_job_is_rung_for_once(store: Store, settings: Settings, broker: str) -> None:
    _due(store)
    doorbell = _doorbell(settings, broker)
    ring(store, doorbell)
    ring(store, doorbell)
    doorbell.close()
    assert _messages(broker) == 1


def test_while_the_broker_is_away_no_ring_is_spent(store: Store, settings: Settings, broker: str) -> None:
    job_id = _due(store)
    away = Doorbell(settings)
    for _ in range(3):
        ring(store, away)
    away.close()
    with store.read() as session:
        assert jobs.get(session, job_id).rings == 0
    back = _doorbell(settings, broker)
    ring(store, back)
    back.close()
    assert _messages(broker) == 1


def test_a_broker_that_is_away_or_refuses_is_no_exception(settings: Settings, broker: str) -> None:
    away = Doorbell(settings)
    assert not away.run_job("job_1")
    assert not away.reachable()
    away.close()
    with redis.Redis.from_url(broker) as client:
        client.config_set("maxmemory", "1")  # every write is answered with an error
    refusing = _doorbell(settings, broker)
    assert not refusing.run_job("job_1")
    refusing.close()
    with redis_server(["--requirepass", "secret"], private=True) as locked:
        outside = _doorbell(settings, locked)
        assert not outside.run_job("job_1")
        assert not outside.reachable()
        outside.close()


def test_it_settles_a_lease_that_has_run_out(store: Store, settings: Settings) -> None:
    with store.write() as session:
        job_id = submit(session)
        claim(session, job_id, -1.0)
    settle(store, max_attempts=3)
    with store.read() as session:
        assert jobs.get(session, job_id).state == "queued"


def test_it_lives_through_rounds_that_fail(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = []

    def fail_twice(store: Store, max_attempts: int) -> None:
        if len(failures) < 2:
            failures.append(1)
            raise KeyError("nobody thought of this")
        settle(store, max_attempts)

    monkeypatch.setattr(reconciler, "settle", fail_twice)
    with store.write() as session:
        job_id = submit(session)
        claim(session, job_id, -1.0)
    doorbell = Doorbell(settings)
    loop = Reconciler(store, doorbell, settings)
    loop.start()

    def state() -> str:
        with store.read() as session:
            return jobs.get(session, job_id).state

    wait_for(lambda: state() == "queued", 20, "it is settled all the same")
    loop.stop()
    doorbell.close()
    assert caplog.text.count("nobody thought of this") >= 2


def test_after_a_sleep_of_the_machine_leases_get_time_to_be_renewed(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that has jumped an hour by the second look at it."""
    looks, settled_at = itertools.count(), []
    started = time.monotonic()
    clock = SimpleNamespace(
        time=lambda: time.time() + (3600 if next(looks) else 0), monotonic=lambda: time.monotonic()
    )
    monkeypatch.setattr(reconciler, "time", clock)
    monkeypatch.setattr(reconciler, "settle", lambda *_: settled_at.append(time.monotonic()))
    doorbell = Doorbell(settings)
    loop = Reconciler(store, doorbell, settings)
    loop.start()
    wait_for(lambda: settled_at, 20, "it settles again")
    loop.stop()
    doorbell.close()
    assert settled_at[0] - started >= 2 * settings.renew_s
