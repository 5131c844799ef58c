"""tests/servers.py: private servers, and nothing of them left."""

import os
import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from requirements.environment import ROOT
from tests.servers import ServerUnavailable, postgres_server, redis_server, scratch_database

FOREVER = """
import signal, sys
from tests.servers import ServerUnavailable, postgres_server, redis_server
try:
    with {server}(private=True) as url:
        print(url, flush=True)
        signal.pause()
except ServerUnavailable as missing:
    print(missing, flush=True)
"""


def answers(url):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


@pytest.mark.postgres
def test_a_postgres_server_is_private_and_gone_at_the_end():
    try:
        with postgres_server("ann", "p@ss:w/rd", "own", private=True) as url:
            with psycopg.connect(url.replace("+psycopg", "")) as connection:
                row = connection.execute("SELECT current_user, current_database()").fetchone()
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(url.replace("+psycopg", "").replace("p%40ss", "wrong"))
    except ServerUnavailable as missing:
        pytest.skip(str(missing))
    assert row == ("ann", "own")
    assert not answers(url)


def test_a_scratch_database_is_empty_and_dropped_though_a_session_is_open(servers):
    with scratch_database(servers.url("postgresql")) as url:
        left_open = psycopg.connect(url.replace("+psycopg", ""))
        assert left_open.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (
            0,
        )
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url.replace("+psycopg", ""))
    left_open.close()


def test_a_redis_server_takes_options_and_is_gone_at_the_end():
    with redis_server(["--requirepass", "secret"], private=True) as url:
        with redis.Redis.from_url(url, password="secret") as client:
            assert client.ping()
        with redis.Redis.from_url(url) as client, pytest.raises(redis.AuthenticationError):
            client.ping()
    assert not answers(url)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
@pytest.mark.parametrize("server", ["postgres_server", "redis_server"])
def test_a_server_dies_with_the_process_that_was_killed(server):
    process = subprocess.Popen(
        [sys.executable, "-c", FOREVER.format(server=server)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    try:
        if "://" not in url:
            pytest.skip(url)
        assert answers(url)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    deadline = time.monotonic() + 10
    while answers(url):
        assert time.monotonic() < deadline, "the server outlives its parent"
        time.sleep(0.05)
