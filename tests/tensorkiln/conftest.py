"""Fixtures of the SDK's tests: a scripted service, and a client that does not dawdle."""

from collections.abc import Iterator

import pytest

from tensorkiln import Client, Retry
from tests.tensorkiln.scripted import ScriptedServer, scripted_server

QUICK = Retry(attempts=4, base_s=0.001, cap_s=0.002)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as script:
        yield script


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Client]:
    with Client(server.url, retry=QUICK) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_kiln_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No KILN_ variable of whoever runs the tests may steer them."""
    import os

    for name in os.environ:
        if name.startswith("KILN_") and not name.startswith("KILN_TEST_"):
            monkeypatch.delenv(name)
