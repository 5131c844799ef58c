"""`python -m workers` as a process: real broker, real signals, real databases."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from service.settings import Settings
from service.store import Store, curves, jobs, workers
from service.store.clock import now_ms
from service.store.doorbell import QUEUE, Doorbell
from service.store.tables import Job
from tests.journeys.stacks import wait_for
from tests.servers import redis_binary, redis_server
from tests.workers.jobs_for_tests import ENDLESS, STEPS, get, history, make_digits_ready, submit
from tests.workers.processes import Worker, children, is_alive
from tests.workers.proxies import Proxy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
postgres_alone = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def rung(settings: Settings, store: Store) -> Iterator[Settings]:
    """Settings with a broker of their own, and the digits ready."""
    make_digits_ready(store)
    with redis_server(private=True) as url:
        yield settings.model_copy(update={"redis_url": url})


def _ring(settings: Settings, job_id: str) -> bool:
    doorbell = Doorbell(settings)
    try:
        return doorbell.run_job(job_id)
    finally:
        doorbell.close()


def _wait_for_end(store: Store, job_id: str, timeout_s: float = 40) -> str:
    wait_for(lambda: get(store, job_id).finished_at is not None, timeout_s, "the job ends")
    return get(store, job_id).state


@contextmanager
def _broker(socket: Path) -> Iterator[None]:
    """A broker on this unix socket."""
    server = subprocess.Popen(
        [str(redis_binary()), "--port", "0", "--unixsocket", str(socket), "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(socket.exists, 10, "the broker's socket is there")
        yield
    finally:
        server.kill()
        server.wait()
        socket.unlink(missing_ok=True)


def test_a_rung_job_is_trained_and_the_log_tells_it_in_few_words(rung: Settings, store: Store) -> None:
    with Worker(rung) as worker:
        worker.wait_ready()
        job_id = submit(store)
        assert _ring(rung, job_id)
        assert _wait_for_end(store, job_id) == "succeeded"
        assert worker.end(signal.SIGTERM) == 0
    lines = [line for line in worker.log.splitlines() if line and "shutdown" not in line]
    assert all(" INFO " in line for line in lines), worker.log
    assert sum(job_id in line for line in lines) == 2
    assert len(lines) <= 5, worker.log


@sqlite_alone
@pytest.mark.parametrize(
    "signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM] * 2, [signal.SIGINT] * 3]
)
def test_a_signalled_worker_gives_its_job_back_and_leaves_nothing(
    rung: Settings, store: Store, signals: list[signal.Signals]
) -> None:
    with Worker(rung) as worker:
        job_id = submit(store, epochs=ENDLESS)
        wait_for(lambda: get(store, job_id).step > 0, 30, "it trains")
        runners = children(worker.process.pid, "-m workers.runner ")
        worker.end(*signals)
        assert not any(is_alive(runner) for runner in runners)
    job = get(store, job_id)
    assert (job.state, job.lost_attempts) == ("queued", 0)
    assert "Traceback" not in worker.log
    with store.read() as session:
        assert workers.alive(session) == []


@sqlite_alone
def test_no_impatience_makes_a_worker_leave_before_its_job_is_given_back(
    rung: Settings, store: Store
) -> None:
    with Worker(rung) as worker:
        job_id = submit(store, epochs=ENDLESS)
        wait_for(lambda: get(store, job_id).step > 0, 30, "it trains")
        for runner in children(worker.process.pid, "-m workers.runner "):
            os.kill(runner, signal.SIGSTOP)  # it won't stop by itself: its grace gives us time
        worker.end(*[signal.SIGINT] * 4)
    job = get(store, job_id)
    assert (job.state, job.lost_attempts) == ("queued", 0)
    assert "Traceback" not in worker.log


@sqlite_alone
def test_a_killed_workers_runners_die_with_it(rung: Settings, store: Store) -> None:
    with Worker(rung) as worker:
        job_id = submit(store, epochs=ENDLESS)
        wait_for(lambda: get(store, job_id).step > 0, 30, "it trains")
        runners = wait_for(lambda: children(worker.process.pid, "-m workers.runner "), 10, "runners")
        worker.process.kill()
        worker.process.wait()
        wait_for(lambda: not any(is_alive(runner) for runner in runners), 5, "its runners are gone")


@sqlite_alone
def test_a_worker_without_a_broker_waits_for_it_and_stops_when_told(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    make_digits_ready(store)
    socket = tmp_path / "broker.sock"
    settings = settings.model_copy(update={"redis_url": f"unix://{socket}"})
    job_id = submit(store)
    with store.write() as session:
        session.get_one(Job, job_id).next_ring_at = 2**53  # nobody will ring for it
    with Worker(settings) as worker:
        wait_for(lambda: "Cannot connect" in worker.log, 20, "it misses the broker")
        assert worker.end(signal.SIGTERM) == 0
        assert "Traceback" not in worker.log
    with Worker(settings) as worker:
        wait_for(lambda: worker.log.count("Cannot connect") > 1, 20, "it misses the broker again")
        with _broker(socket):
            assert _wait_for_end(store, job_id) == "succeeded"


@sqlite_alone
def test_a_broker_that_restarts_costs_neither_the_job_under_way_nor_those_to_come(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    make_digits_ready(store)
    socket = tmp_path / "broker.sock"
    settings = settings.model_copy(update={"redis_url": f"unix://{socket}"})
    with Worker(settings) as worker:
        with _broker(socket):
            worker.wait_ready()
            under_way = submit(store, epochs=ENDLESS)
            waiting = submit(store)  # its message goes down with the broker
            assert _ring(settings, under_way)
            assert _ring(settings, waiting)
            wait_for(lambda: get(store, under_way).step > 0, 30, "it trains")
        assert not _ring(settings, waiting)
        step = get(store, under_way).step
        wait_for(lambda: get(store, under_way).step > step, 20, "the job goes on without a broker")
        with _broker(socket):
            with store.write() as session:
                jobs.request_cancel(session, under_way)
            assert _wait_for_end(store, waiting) == "succeeded"
            later = submit(store)
            wait_for(lambda: _ring(settings, later), 10, "the broker takes messages")
            assert _wait_for_end(store, later) == "succeeded"
    assert get(store, under_way).attempt == 1
    assert "Traceback" not in worker.log
    assert "DeprecationWarning" not in worker.log


@sqlite_alone
def test_a_worker_that_slept_past_its_lease_keeps_its_job(rung: Settings, store: Store) -> None:
    with Worker(rung, KILN_LEASE_S="1", KILN_RENEW_S="0.3", KILN_RECONCILE_S="0.05") as worker:
        job_id = submit(store, epochs=ENDLESS)
        wait_for(lambda: get(store, job_id).step > 0, 30, "it trains")
        runners = children(worker.process.pid, "-m workers.runner ")
        for pid in (worker.process.pid, *runners):
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: _has_expired(store, job_id), 10, "the lease has run out")
        step = get(store, job_id).step
        for pid in (*runners, worker.process.pid):
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: get(store, job_id).step > step, 20, "it goes on")
        assert get(store, job_id).attempt == 1
    assert "queued" not in history(store, job_id)[1:-1]


def _wait_for_more(store: Store, job_id: str, step: int) -> None:
    wait_for(lambda: get(store, job_id).step > step, 20, "it goes on")


def _has_expired(store: Store, job_id: str) -> bool:
    with store.read() as session:
        now = session.scalar(select(now_ms())) or 0
    return now > (get(store, job_id).lease_expires_at or 0) + 500


@postgres_alone
def test_a_database_that_restarts_costs_no_attempt_and_no_point(rung: Settings, store: Store) -> None:
    with Proxy(rung.database_url) as proxy:
        through = rung.model_copy(update={"database_url": proxy.url})
        with Worker(through) as worker:
            job_id = submit(store, epochs=1500)
            wait_for(lambda: get(store, job_id).step > 0, 30, "it trains")
            for _ in range(3):
                step = get(store, job_id).step
                proxy.cut()
                wait_for(lambda: "trying again" in worker.log, 20, "the worker notices")
                proxy.mend()
                _wait_for_more(store, job_id, step)
            assert _wait_for_end(store, job_id) == "succeeded"
    assert (get(store, job_id).attempt, get(store, job_id).lost_attempts) == (1, 0)
    with store.read() as session:
        steps = curves.read(session, job_id, "loss").column.steps
    assert steps.tolist() == list(range(1, 1500 * STEPS + 1))
    assert "Traceback" not in worker.log


@sqlite_alone
def test_two_jobs_train_at_a_time_where_two_may(rung: Settings, store: Store) -> None:
    with Worker(rung, KILN_WORKER_CONCURRENCY="2") as worker:
        worker.wait_ready()
        both = [submit(store, epochs=ENDLESS) for _ in range(2)]
        third = submit(store)
        for job_id in (*both, third):
            _ring(rung, job_id)
        wait_for(lambda: all(get(store, job_id).step > 0 for job_id in both), 40, "both train")
        assert get(store, third).state == "queued"


@sqlite_alone
def test_a_busy_worker_leaves_messages_to_others(rung: Settings, store: Store) -> None:
    with Worker(rung) as worker, redis.Redis.from_url(rung.redis_url) as broker:
        worker.wait_ready()
        endless = submit(store, epochs=ENDLESS)
        _ring(rung, endless)
        wait_for(lambda: get(store, endless).step > 0, 30, "it is busy")
        for _ in range(2):
            _ring(rung, submit(store))
        _wait_for_more(store, endless, get(store, endless).step)
        assert broker.llen(QUEUE) == 2


@sqlite_alone
def test_the_health_check_goes_by_the_heartbeat(rung: Settings, store: Store) -> None:
    environment = {
        **os.environ,
        "KILN_HOME": str(rung.home),
        "KILN_DATABASE_URL": rung.database_url,
        "KILN_REDIS_URL": rung.redis_url,
    }

    def healthy() -> int:
        command = [sys.executable, "-m", "workers.health"]
        return subprocess.run(command, env=environment, capture_output=True, check=False).returncode

    assert healthy() == 1
    with Worker(rung):
        wait_for(lambda: healthy() == 0, 30, "it is healthy")
    assert healthy() == 1


def test_settings_that_cannot_be_are_refused_in_a_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workers"],
        env={"KILN_HOME": str(tmp_path), "KILN_LEASE_S": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "KILN_RENEW_S is 5" in done.stderr
    assert "Traceback" not in done.stderr
