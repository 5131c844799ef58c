"""A job from claim to end, with real runners."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service.store import Store, attempts, curves, jobs
from service.store.clock import now_ms
from service.store.tables import Artifact, Job
from tests.journeys.stacks import wait_for
from tests.workers.jobs_for_tests import ENDLESS, STEPS, get, history, make_lines_ready, submit
from tests.workers.processes import children
from workers import supervision
from workers.host import Host
from workers.supervision import run_job
from workers.upkeep import sweep

SCORES = {"type": "LogSoftmax", "dim": -1}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def _running(host: Host, job_id: str) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=run_job, args=(host, job_id))
    thread.start()
    try:
        yield thread
    finally:
        host.stopping.set()
        thread.join(20)
        assert not thread.is_alive()


def _wait_for_points(store: Store, job_id: str, step: int = 1) -> None:
    wait_for(lambda: get(store, job_id).step >= step, 30, f"step {step} is recorded")


def _busy_runner(host: Host) -> int:
    """The process of the job under way: the one that isn't the spare."""

    def runners() -> list[int]:
        return children(os.getpid(), "-m workers.runner ")

    wait_for(lambda: len(runners()) == 2, 30, "there is a spare beside it")
    return min(runners())


def _let_it_be_claimed(store: Store, job_id: str) -> None:
    with store.write() as session:
        session.get_one(Job, job_id).not_before = None


def test_a_job_trains_to_its_end_and_leaves_its_curve_and_weights(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=3)
    run_job(host, job_id)
    job = get(store, job_id)
    assert job.error is None
    assert history(store, job_id) == ["queued", "starting", "running", "succeeded"]
    assert set(job.metrics) == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
    with store.read() as session:
        steps = curves.read(session, job_id, "loss").column.steps
        [weights] = session.query(Artifact).filter_by(job_id=job_id)
    assert steps.tolist() == list(range(1, 3 * STEPS + 1))
    assert store.blobs.path(weights.sha256).stat().st_size == weights.size_bytes
    assert list(host.settings.scratch_dir.iterdir()) == []


@sqlite_alone
def test_a_job_whose_steps_are_not_captured_says_why(host: Host, store: Store) -> None:
    captured, evaluated = submit(store), submit(store, optimizer={"type": "LBFGS", "lr": 0.1, "max_iter": 2})
    for job_id in (captured, evaluated):
        run_job(host, job_id)
        assert get(store, job_id).state == "succeeded"
    assert get(store, captured).status_reason is None
    assert "not captured: LBFGS" in str(get(store, evaluated).status_reason)


@sqlite_alone
def test_sequences_and_several_outputs_are_trained(host: Host, store: Store) -> None:
    make_lines_ready(store)
    network = {"input": {"shape": [8, 6]}, "layers": [{"type": "Linear", "out_features": 5}, SCORES]}
    twice = [{"name": name, "type": "Linear", "inputs": ["input"], "out_features": 5} for name in "ab"]
    pair = {"input": {"shape": [8, 6]}, "nodes": twice, "output": ["a", "b"]}
    plain: dict[str, Any] = {"dataset": {"name": "mnist"}, "transforms": [], "metrics": []}
    ids = [
        submit(store, model=network, loss={"type": "CTCLoss", "zero_infinity": True}, **plain),
        submit(store, model=pair, loss={"type": "MSELoss"}, **plain),
    ]
    for job_id in ids:
        run_job(host, job_id)
        job = get(store, job_id)
        assert job.error is None
        assert set(job.metrics) == {"train_loss", "test_loss"}


@sqlite_alone
def test_one_ring_is_enough_for_all_jobs_that_wait(host: Host, store: Store) -> None:
    waiting = [submit(store) for _ in range(3)]
    run_job(host, waiting[1])
    assert {get(store, job_id).state for job_id in waiting} == {"succeeded"}
    started = [get(store, job_id).started_at or 0 for job_id in waiting]
    assert started[1] <= started[0] <= started[2], "the one that was rung for, then the longest waiting"


@sqlite_alone
def test_a_running_job_is_cancelled_at_a_steps_end(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=ENDLESS)
    with _running(host, job_id):
        _wait_for_points(store, job_id, 100)
        with store.write() as session:
            jobs.request_cancel(session, job_id)
        wait_for(lambda: get(store, job_id).state == "cancelled", 8, "it is cancelled before it is killed")
    assert history(store, job_id)[-2:] == ["cancelling", "cancelled"]


@sqlite_alone
def test_a_runner_that_ignores_a_cancel_is_killed(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "CANCEL_GRACE_S", 0.5)
    job_id = submit(store, epochs=ENDLESS)
    with _running(host, job_id):
        _wait_for_points(store, job_id)
        os.kill(_busy_runner(host), signal.SIGSTOP)
        with store.write() as session:
            jobs.request_cancel(session, job_id)
        wait_for(lambda: get(store, job_id).state == "cancelled", 10, "it is cancelled")


@sqlite_alone
def test_a_loss_that_is_not_finite_is_the_users_failure(host: Host, store: Store) -> None:
    job_id = submit(store, optimizer={"type": "SGD", "lr": 1e30})
    run_job(host, job_id)
    assert _error(store, job_id) == ("non_finite_loss", "user")


@sqlite_alone
def test_an_evaluation_that_is_not_finite_is_the_users_failure_too(host: Host, store: Store) -> None:
    # one step an epoch, one epoch: the loss is taken before the step that blows up the weights
    job_id = submit(store, epochs=1, batch_size=96, optimizer={"type": "SGD", "lr": 1e30})
    run_job(host, job_id)
    assert _error(store, job_id) == ("non_finite_loss", "user")


@sqlite_alone
def test_too_little_memory_is_the_users_failure(host: Host, store: Store) -> None:
    wide = {
        "name": "wide",
        "input": {"shape": [1, 8, 8], "dtype": "float32"},
        "layers": [
            {"type": "Flatten"},
            {"name": "fc1", "type": "Linear", "in_features": 64, "out_features": 4_000_000},
            {"name": "fc2", "type": "Linear", "in_features": 4_000_000, "out_features": 10},
        ],
    }
    job_id = submit(store, model=wide)
    host.settings = host.settings.model_copy(update={"job_memory_mb": 600})
    run_job(host, job_id)
    assert _error(store, job_id) == ("out_of_memory", "user")
    assert "600 MB" in (get(store, job_id).error or {})["message"]


def _error(store: Store, job_id: str) -> tuple[Any, Any]:
    job = get(store, job_id)
    assert job.state == "failed"
    assert job.error is not None
    return job.error["code"], job.error["category"]


def test_a_killed_runner_costs_an_attempt_and_the_last_one_fails_the_job(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=ENDLESS)
    host.settings = host.settings.model_copy(update={"max_attempts": 2})
    for attempt in (1, 2):
        _let_it_be_claimed(store, job_id)
        with _running(host, job_id) as thread:
            wait_for(lambda: get(store, job_id).step > 0, 30, "it trains")
            os.kill(_busy_runner(host), signal.SIGKILL)
            thread.join(20)
        host.stopping.clear()
        assert get(store, job_id).lost_attempts == attempt
        if attempt == 1:
            assert get(store, job_id).state == "queued"
            assert get(store, job_id).not_before is not None
    assert _error(store, job_id) == ("worker_lost", "server")
    assert "SIGKILL" in (get(store, job_id).error or {})["message"]


@sqlite_alone
def test_an_attempt_from_the_start_forgets_how_far_the_last_one_came(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=ENDLESS)
    with _running(host, job_id):
        wait_for(lambda: get(store, job_id).metrics and get(store, job_id).epoch > 1, 30, "epochs are done")
        os.kill(_busy_runner(host), signal.SIGKILL)
        wait_for(lambda: get(store, job_id).state == "queued", 10, "it is queued again")
    _let_it_be_claimed(store, job_id)
    with store.write() as session:
        assert attempts.claim(session, job_id, "worker-2", 30)
    job = get(store, job_id)
    assert (job.step, job.epoch, job.metrics) == (0, 0, {})


@sqlite_alone
def test_a_worker_that_stops_gives_the_job_back_with_a_checkpoint(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=ENDLESS)
    with _running(host, job_id):
        _wait_for_points(store, job_id, 5)
    job = get(store, job_id)
    assert (job.state, job.lost_attempts) == ("queued", 0)
    with store.write() as session:
        claim = attempts.claim(session, job_id, "worker-2", 30)
    assert claim is not None
    assert claim.checkpoint_step >= 5


@sqlite_alone
def test_a_runner_killed_while_the_worker_stops_costs_no_attempt(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=ENDLESS)
    with _running(host, job_id):
        _wait_for_points(store, job_id)
        runner = _busy_runner(host)
        os.kill(runner, signal.SIGSTOP)  # so that it can't be faster
        host.stopping.set()
        os.kill(runner, signal.SIGKILL)
    job = get(store, job_id)
    assert (job.state, job.lost_attempts) == ("queued", 0)


@sqlite_alone
def test_the_lease_outlives_a_blob_that_takes_longer_to_store(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.settings = host.settings.model_copy(update={"lease_s": 1.0, "renew_s": 0.2})
    job_id = submit(store, epochs=1)
    put_file = host.store.blobs.put_file
    settled: list[str] = []

    def put_slowly(path: Path) -> Any:
        begun = get(store, job_id).lease_expires_at or 0
        wait_for(lambda: _now_ms(store) > begun + 500, 30, "the lease that was in force has run out")
        with store.write() as session:
            settled.extend(jobs.requeue_expired(session, 3))
        return put_file(path)

    monkeypatch.setattr(host.store.blobs, "put_file", put_slowly)
    run_job(host, job_id)
    assert settled == []
    assert (get(store, job_id).state, get(store, job_id).attempt) == ("succeeded", 1)


def _now_ms(store: Store) -> int:
    with store.read() as session:
        now = session.scalar(select(now_ms()))
    assert now is not None
    return now


@sqlite_alone
def test_an_attempt_that_has_been_taken_away_kills_its_runner_and_leaves(host: Host, store: Store) -> None:
    job_id = submit(store, epochs=ENDLESS)
    with _running(host, job_id):
        _wait_for_points(store, job_id)
        runner = _busy_runner(host)
        with store.write() as session:
            job = session.get_one(Job, job_id)
            job.lease_expires_at = 1  # as if this machine had slept
            session.flush()
            assert jobs.requeue_expired(session, 3) == [job_id]
        _let_it_be_claimed(store, job_id)
        with store.write() as session:
            second = attempts.claim(session, job_id, "worker-2", 30)
        assert second is not None
        wait_for(
            lambda: runner not in children(os.getpid(), "-m workers.runner "), 10, "its runner is killed"
        )
    assert get(store, job_id).attempt == 2
    assert get(store, job_id).state == "starting"


@sqlite_alone
def test_a_runner_never_has_two_checkpoints_waiting(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_file, most = host.store.blobs.put_file, []

    def put_and_count(path: Path) -> Any:
        most.append(len(list(path.parent.glob("checkpoint-*"))))
        return put_file(path)

    monkeypatch.setattr(host.store.blobs, "put_file", put_and_count)
    job_id = submit(store, epochs=8, checkpoint={"every_steps": 1, "keep": 1})
    run_job(host, job_id)
    assert get(store, job_id).state == "succeeded"
    assert len(most) == 8 * STEPS + 1
    assert max(most) == 1


@sqlite_alone
def test_a_sweep_removes_the_scratch_of_attempts_that_are_over_alone(host: Host, store: Store) -> None:
    over, current = submit(store), submit(store)
    with store.write() as session:
        first = attempts.claim(session, over, "worker-1", 30)
        assert first is not None
        attempts.release(session, first.attempt, "again")
        assert attempts.claim(session, current, "worker-1", 30)
    for name in (f"{over}-1", f"{current}-1", "somebody else's"):
        (host.settings.scratch_dir / name).mkdir(parents=True)
    sweep(host)
    assert {path.name for path in host.settings.scratch_dir.iterdir()} == {f"{current}-1", "somebody else's"}
