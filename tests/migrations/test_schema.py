"""Migrations, on both databases."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Text, inspect

from migrations import schema
from service.settings import Settings
from service.store import Store
from service.store.blobs import Blobs
from service.store.database import connect
from tests.service.store.jobs_for_tests import submit


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


def _tables_with_a_job(url: str) -> str:
    """A job with an event in it; returns its id."""
    store = Store(connect(url), Blobs(Path("/nowhere")))
    with store.write() as session:
        job_id = submit(session)
    store.close()
    return job_id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rebuilding_a_table_on_sqlite_leaves_the_rows_that_hang_on_it(database_url: str) -> None:
    schema.upgrade(database_url)
    job_id = _tables_with_a_job(database_url)
    with schema._exclusively(database_url) as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("jobs", recreate="always") as batch:
            batch.add_column(Column("remark", Text))
    engine = connect(database_url)
    with engine.connect() as connection:
        events = connection.exec_driver_sql("SELECT job_id FROM job_events").scalars().all()
    engine.dispose()
    assert events == [job_id]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_migration_that_would_break_a_foreign_key_is_rolled_back(database_url: str) -> None:
    schema.upgrade(database_url)
    _tables_with_a_job(database_url)

    def lose_the_jobs() -> None:
        with schema._exclusively(database_url) as connection:
            connection.exec_driver_sql("DELETE FROM jobs")

    with pytest.raises(RuntimeError, match="breaks 1 foreign keys"):
        lose_the_jobs()
    engine = connect(database_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar() == 1
    engine.dispose()


def test_rows_of_the_first_revision_survive_every_later_one_up_and_down(database_url: str) -> None:
    schema.upgrade(database_url)
    job_id = _tables_with_a_job(database_url)
    schema.downgrade(database_url, "0001")
    schema.upgrade(database_url)
    assert schema.differences(database_url) == []
    engine = connect(database_url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id, writes FROM jobs").all() == [(job_id, 0)]
    engine.dispose()


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "nonsense"])
def test_the_command_says_in_one_line_that_the_url_is_none_of_ours(url: str, tmp_path: Path) -> None:
    environment = {"KILN_DATABASE_URL": url, "KILN_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "migrations"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("kiln: KILN_DATABASE_URL: ")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr
