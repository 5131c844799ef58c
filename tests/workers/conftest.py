"""A worker's host in this process, with real runners; Celery and the broker are not there."""

from collections.abc import Iterator

import pytest

from service.settings import Settings
from service.store import Store
from tests.workers.jobs_for_tests import make_digits_ready
from workers.host import Host


@pytest.fixture
def host(settings: Settings, store: Store) -> Iterator[Host]:
    """A host whose runners are started; its reconciler, heart and upkeep are not."""
    make_digits_ready(store)
    host = Host(settings.model_copy(update={"lease_s": 4.0, "renew_s": 0.5}), "worker-1")
    host.nursery.start()
    yield host
    host.stopping.set()
    host.nursery.close()
    host.doorbell.close()
    host.store.close()
