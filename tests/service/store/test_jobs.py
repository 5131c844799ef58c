"""A job's life, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store import Store, attempts, events, jobs, models
from service.store.attempts import Attempt, Progress
from service.store.errors import JobFinished, StaleAttempt, UnknownJob
from service.store.tables import Job
from tests.service.store.jobs_for_tests import claim, submit

EXPIRED_S = -1.0  # a lease that has run out before it begins


def _history(store: Store, job_id: str) -> list[str]:
    with store.read() as session:
        return [event.data["state"] for event in events.after(session, job_id, 0, 100, [events.STATUS])]


def _job(store: Store, job_id: str) -> Job:
    with store.read() as session:
        return jobs.get(session, job_id)


def test_a_job_that_succeeds_passes_through_its_states_in_order(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
    with store.write() as session:
        attempt = claim(session, job_id).attempt
    with store.write() as session:
        assert attempts.begin(session, attempt) == "running"
    with store.write() as session:
        attempts.finish(session, attempt, "succeeded")
    assert _history(store, job_id) == ["queued", "starting", "running", "succeeded"]
    job = _job(store, job_id)
    assert job.started_at is not None
    assert job.finished_at is not None
    assert job.created_at <= job.started_at <= job.finished_at
    assert job.lease_expires_at is None


def test_a_model_deleted_since_it_was_checked_does_not_hinder_the_job(store: Store) -> None:
    with store.write() as session:
        model, _ = models.add(session, "net", "0" * 64, {}, {})
        models.remove(session, model.id)
        job_id = submit(session, model_id=model.id)
    assert _job(store, job_id).model_id is None


def test_a_stored_model_is_named_by_its_job_until_it_is_deleted(store: Store) -> None:
    with store.write() as session:
        model, _ = models.add(session, "net", "0" * 64, {}, {})
        job_id = submit(session, model_id=model.id)
    assert _job(store, job_id).model_id == model.id
    with store.write() as session:
        models.remove(session, model.id)
    assert _job(store, job_id).model_id is None


def test_only_one_of_many_workers_claims_a_job(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
    start = threading.Barrier(8)

    def try_to_claim(worker: int) -> bool:
        start.wait()
        with store.write() as session:
            return attempts.claim(session, job_id, f"worker-{worker}", 30) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_to_claim, range(8))) == 1
    assert _job(store, job_id).attempt == 1


def test_a_stale_attempt_cannot_write(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        stale = claim(session, job_id, EXPIRED_S).attempt
        assert jobs.requeue_expired(session, max_attempts=3) == [job_id]
    writes = [
        lambda session: attempts.begin(session, stale),
        lambda session: attempts.renew(session, stale, 30),
        lambda session: attempts.record(session, stale, [], Progress(1, 1, None), 30),
        lambda session: attempts.record_epochs(session, stale, [(1, {"train_loss": 1.0})]),
        lambda session: attempts.finish(session, stale, "succeeded"),
        lambda session: attempts.release(session, stale, "bye"),
        lambda session: attempts.lose(session, stale, "died", 3),
    ]
    for write in writes:
        with pytest.raises(StaleAttempt), store.write() as session:
            write(session)
    assert _job(store, job_id).state == "queued"


def test_an_earlier_attempt_cannot_write_while_a_later_one_runs(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        stale = claim(session, job_id, EXPIRED_S).attempt
        attempts.release(session, stale, "again")
        current = claim(session, job_id).attempt
    assert (stale.number, current.number) == (1, 2)
    with pytest.raises(StaleAttempt), store.write() as session:
        attempts.renew(session, stale, 30)
    with store.write() as session:
        assert attempts.renew(session, current, 30) == "starting"


def test_a_failed_fence_takes_the_whole_transaction_with_it(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)

    def submit_and_fail() -> None:
        with store.write() as session:
            submit(session)
            attempts.renew(session, Attempt(job_id, 7), 30)

    with pytest.raises(StaleAttempt):
        submit_and_fail()
    with store.read() as session:
        assert session.query(Job).count() == 1


def test_an_expired_lease_queues_the_job_again_with_backoff(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        claim(session, job_id, EXPIRED_S)
        jobs.requeue_expired(session, max_attempts=3)
        assert attempts.claim(session, job_id, "worker-2", 30) is None
    job = _job(store, job_id)
    assert job.state == "queued"
    assert job.lost_attempts == 1
    assert job.not_before is not None
    assert job.not_before - job.queued_at >= jobs.BACKOFF_MS - 1
    assert "lease" in (job.status_reason or "")


def test_a_lease_in_force_is_left_alone(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        claim(session, job_id)
        assert jobs.requeue_expired(session, max_attempts=3) == []
        assert not jobs.has_expired(session)


def test_a_job_fails_after_the_last_lost_attempt(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        claim(session, job_id, EXPIRED_S)
        jobs.requeue_expired(session, max_attempts=1)
    job = _job(store, job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert job.error["code"] == "worker_lost"
    assert job.error["category"] == "server"


def test_giving_a_job_back_does_not_count_as_a_lost_attempt(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt
        assert attempts.release(session, attempt, "its worker shut down") == "queued"
        assert jobs.due_rings(session) == [job_id]
        assert claim(session, job_id).attempt.number == 2
    assert _job(store, job_id).lost_attempts == 0


def test_cancelling_a_queued_job_ends_it_at_once(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        assert jobs.request_cancel(session, job_id) == "cancelled"
        assert attempts.claim(session, job_id, "worker-1", 30) is None
    assert _history(store, job_id) == ["queued", "cancelled"]


def test_cancelling_an_active_job_asks_its_worker_and_repeating_it_is_harmless(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt
        assert jobs.request_cancel(session, job_id) == "cancelling"
        assert jobs.request_cancel(session, job_id) == "cancelling"
        assert attempts.begin(session, attempt) == "cancelling"
        assert attempts.renew(session, attempt, 30) == "cancelling"
        attempts.finish(session, attempt, "cancelled")
    assert _history(store, job_id) == ["queued", "starting", "cancelling", "cancelled"]


def test_a_cancel_whose_worker_died_is_finished_by_the_reconciler(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        claim(session, job_id, EXPIRED_S)
        jobs.request_cancel(session, job_id)
        assert jobs.requeue_expired(session, max_attempts=3) == [job_id]
    assert _job(store, job_id).state == "cancelled"


@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled"])
def test_terminal_states_never_change(store: Store, ending: str) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt
        attempts.finish(session, attempt, ending)
    with pytest.raises(JobFinished, match="already"), store.write() as session:
        jobs.request_cancel(session, job_id)
    with pytest.raises(StaleAttempt), store.write() as session:
        attempts.finish(session, attempt, "failed")
    assert _job(store, job_id).state == ending


def test_an_unknown_job_is_named(store: Store) -> None:
    with pytest.raises(UnknownJob, match="job_none"), store.write() as session:
        jobs.request_cancel(session, "job_none")


def test_a_queued_job_is_rung_for_again_but_ever_more_rarely(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        assert jobs.due_rings(session) == []  # the submitter has just rung
    gaps = []
    for _ in range(3):
        with store.write() as session:
            job = jobs.get(session, job_id)
            job.next_ring_at = 1  # its time has come
        with store.write() as session:
            assert jobs.due_rings(session) == [job_id]
            assert jobs.due_rings(session) == []
        job = _job(store, job_id)
        assert job.next_ring_at is not None
        gaps.append(job.next_ring_at - job.queued_at)
    assert gaps[0] < gaps[1] < gaps[2]


def test_events_are_numbered_without_gaps_even_when_written_at_once(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt

    def write(epoch: int) -> None:
        with store.write() as session:
            attempts.record_epochs(session, attempt, [(epoch, {"train_loss": float(epoch)})])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    with store.read() as session:
        assert [event.seq for event in events.after(session, job_id, 0, 100)] == list(range(1, 15))
        assert [event.seq for event in events.after(session, job_id, 10, 3)] == [11, 12, 13]


def test_a_cancel_request_that_comes_while_an_attempt_is_lost_is_not_forgotten(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt

    def cancel() -> str:
        with store.write() as session:
            return jobs.request_cancel(session, job_id)

    with ThreadPoolExecutor(1) as pool:
        with store.write() as session:
            attempts.renew(session, attempt, 30)  # the row is ours until the commit
            asked = pool.submit(cancel)
            with pytest.raises(TimeoutError):
                asked.result(0.3)
            attempts.lose(session, attempt, "died", 3)
        assert asked.result(20) == "cancelled"
    assert _job(store, job_id).state == "cancelled"


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_losing_an_attempt_sees_a_cancel_request_that_was_just_made(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt

    def lose() -> None:
        with store.write() as session:
            attempts.lose(session, attempt, "died", 3)

    with ThreadPoolExecutor(1) as pool:
        with store.write() as session:
            jobs.request_cancel(session, job_id)
            lost = pool.submit(lose)
            with pytest.raises(TimeoutError):
                lost.result(0.3)  # it waits for the row
        lost.result(20)
    assert _job(store, job_id).state == "cancelled"


def test_the_jobs_that_wait_longest_are_claimable_first(store: Store) -> None:
    with store.write() as session:
        first, second, later, taken = (submit(session) for _ in range(4))
        claim(session, taken)
        session.get_one(Job, later).not_before = 2**53
        session.get_one(Job, second).queued_at -= 1000
    with store.read() as session:
        assert jobs.claimable(session, 10) == [second, first]
        assert jobs.claimable(session, 1) == [second]


def test_a_write_is_known_by_its_number(store: Store) -> None:
    with store.write() as session:
        job_id = submit(session)
        attempt = claim(session, job_id).attempt
        attempts.number_write(session, attempt, 1)
        assert attempts.has_written(session, attempt, 1)
        assert not attempts.has_written(session, attempt, 2)
        attempts.release(session, attempt, "again")
        assert attempts.has_written(session, attempt, 1), "an end is a write like others"
        second = claim(session, job_id).attempt
        assert not attempts.has_written(session, second, 1), "each attempt counts its own"
