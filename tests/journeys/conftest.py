"""Journeys go through the real parts: `kiln up` with its broker, API, worker and runners."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tensorkiln import Client
from tests.journeys.stacks import Stack, wait_for


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for a file's tests, with the digits ready."""
    with Stack(tmp_path_factory.mktemp("kiln") / "home") as running:
        with Client(running.url) as client:
            wait_for(lambda: client.datasets.get("digits").state == "ready", 60, "the digits are ready")
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url) as client:
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
