"""Migrations, on both databases."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect

from migrations import schema
from service.settings import Settings
from service.store.database import connect


def _tables(url: str) -> set[str]:
    engine = connect(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_upgrading_an_empty_database_gives_the_tables_that_the_code_declares(database_url: str) -> None:
    before, after = schema.upgrade(database_url)
    assert before is None
    assert after is not None
    assert schema.differences(database_url) == []


def test_a_difference_is_seen(database_url: str) -> None:
    schema.upgrade(database_url)
    engine = connect(database_url)
    with engine.execution_options(kiln_write=True).begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs DROP COLUMN steps_per_second")
    engine.dispose()
    assert [difference[0] for difference in schema.differences(database_url)] == ["add_column"]


def test_downgrading_to_the_base_leaves_no_table_and_can_be_undone(database_url: str) -> None:
    schema.upgrade(database_url)
    schema.downgrade(database_url)
    assert _tables(database_url) == {"alembic_version"}
    schema.upgrade(database_url)
    assert schema.differences(database_url) == []


def test_two_upgrades_at_once_wait_for_each_other(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        revisions = {after for _, after in pool.map(schema.upgrade, [database_url] * 4)}
    assert len(revisions) == 1
    assert schema.differences(database_url) == []


def test_the_command_migrates_and_repeats_harmlessly(settings: Settings) -> None:
    environment = {"KILN_HOME": str(settings.home), "KILN_DATABASE_URL": settings.database}
    command = [sys.executable, "-m", "migrations"]
    first = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "(was empty)" in first.stdout
    assert second.stdout.startswith("database at revision ")
    assert "was" not in second.stdout


@pytest.mark.postgres
def test_the_command_says_in_one_line_that_the_database_is_not_there() -> None:
    environment = {"KILN_DATABASE_URL": "postgresql+psycopg://nobody:x@127.0.0.1:1/none"}
    command = [sys.executable, "-m", "migrations"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "can't be reached" in done.stderr
