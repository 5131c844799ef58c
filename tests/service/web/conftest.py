"""One database for the tests of this folder."""

from pathlib import Path

import pytest


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """What is tested here is HTTP; one kind of database will do."""
    return f"sqlite:///{tmp_path / 'kiln.sqlite3'}"
