"""A lease is kept whatever its supervisor does, and given up when it must be."""

from collections.abc import Iterator

import pytest

from service.settings import Settings
from service.store import Store, attempts, jobs
from service.store.attempts import Attempt
from service.store.errors import StaleAttempt
from tests.journeys.stacks import wait_for
from tests.workers.jobs_for_tests import get, submit
from tests.workers.proxies import Proxy
from workers.lease import Lease, LeaseLost

LEASE_S = 1.0
RENEW_S = 0.2


@pytest.fixture
def attempt(store: Store) -> Attempt:
    job_id = submit(store)
    with store.write() as session:
        claim = attempts.claim(session, job_id, "worker-1", LEASE_S)
    assert claim is not None
    return claim.attempt


@pytest.fixture
def lease(store: Store, attempt: Attempt) -> Iterator[Lease]:
    with Lease(store, attempt, LEASE_S, RENEW_S) as lease:
        yield lease


def test_a_lease_is_renewed_while_nobody_asks_for_it(store: Store, attempt: Attempt, lease: Lease) -> None:
    first = get(store, attempt.job_id).lease_expires_at or 0
    wait_for(
        lambda: (get(store, attempt.job_id).lease_expires_at or 0) > first + 2000 * LEASE_S,
        20,
        "it outlasts its first term twice",
    )
    with store.write() as session:
        assert jobs.requeue_expired(session, 3) == []
    lease.check()


def test_a_cancel_request_is_seen(store: Store, attempt: Attempt, lease: Lease) -> None:
    assert not lease.cancelling
    with store.write() as session:
        jobs.request_cancel(session, attempt.job_id)
    wait_for(lambda: lease.cancelling, 10, "it is seen")
    lease.check()


def test_a_stale_attempt_is_noticed(store: Store, attempt: Attempt, lease: Lease) -> None:
    with store.write() as session:
        attempts.release(session, attempt, "taken away")
    wait_for(lambda: lease.lost, 10, "it is noticed")
    with pytest.raises(StaleAttempt):
        lease.check()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_out_of_reach_is_borne_for_the_lease_and_no_longer(
    store: Store, settings: Settings, attempt: Attempt
) -> None:
    with Proxy(settings.database_url) as proxy:
        through = Store.open(settings.model_copy(update={"database_url": proxy.url}))
        with Lease(through, attempt, LEASE_S, RENEW_S) as lease:
            proxy.cut()
            proxy.mend()
            before = get(store, attempt.job_id).lease_expires_at or 0
            wait_for(
                lambda: (get(store, attempt.job_id).lease_expires_at or 0) > before, 10, "it is renewed again"
            )
            lease.check()
            proxy.cut()
            wait_for(lambda: lease.lost, 20, "it is given up")
            with pytest.raises(LeaseLost):
                lease.check()
        through.close()
