"""`python -m service` as a process: starting, stopping, and HTTP at its edges."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from migrations.schema import upgrade
from service.jobs.schemas import EXAMPLE_JOB
from service.settings import Settings
from service.store import Store
from tests.service.processes import Server
from tests.service.trained import make_mnist_ready


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, database_url="", redis_url=f"unix://{tmp_path / 'nobody.sock'}")
    upgrade(settings.database)
    store = Store.open(settings)
    make_mnist_ready(store)
    store.close()
    return settings


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_while_streams_are_open(settings: Settings, stop: signal.Signals) -> None:
    with Server(settings) as server:
        job_id = httpx.post(f"{server.url}/v1/jobs", json=EXAMPLE_JOB).json()["id"]
        opened = threading.Barrier(4)
        endings: list[str] = []

        def follow() -> None:
            with (
                httpx.Client(timeout=20) as http,
                http.stream("GET", f"{server.url}/v1/jobs/{job_id}/stream") as response,
            ):
                for number, _ in enumerate(response.iter_bytes()):
                    if number == 0:
                        opened.wait()
            endings.append("clean")

        followers = [threading.Thread(target=follow) for _ in range(3)]
        for follower in followers:
            follower.start()
        opened.wait(20)
        asked = time.monotonic()
        server.process.send_signal(stop)
        assert server.process.wait(10) == 0
        assert time.monotonic() - asked < 3.0
        for follower in followers:
            follower.join(5)
        assert endings == ["clean"] * 3
        assert "Traceback" not in server.log
        assert "ERROR" not in server.log


def test_it_stops_while_a_connection_idles(settings: Settings) -> None:
    with Server(settings) as server, server.connect() as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) == 0


def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service"],
        env={"KILN_HOME": str(tmp_path), "KILN_PORT": "seven", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("kiln: KILN_PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_it_starts_on_an_empty_database_and_says_what_is_missing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="", redis_url=f"unix://{tmp_path / 'nobody.sock'}")
    with Server(settings) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert httpx.get(f"{server.url}/readyz").status_code == 503
        assert "python -m migrations" in server.log
        assert "Traceback" not in server.log


def test_a_port_that_is_taken_is_told_without_a_traceback(settings: Settings) -> None:
    with Server(settings) as first:
        done = subprocess.run(
            [sys.executable, "-m", "service"],
            env={"KILN_HOME": str(settings.home), "KILN_PORT": str(first.port)},
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode != 0
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def _offering(protocol: str, **headers: str) -> tuple[bytes, bytes]:
    """Head and body of a POST as Java's HttpClient makes it."""
    body = json.dumps({**EXAMPLE_JOB, "validate_only": True}).encode()
    lines = {
        "host": "x",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "Upgrade, HTTP2-Settings",
        "upgrade": protocol,
        "http2-settings": "AAMAAABk",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /v1/jobs HTTP/1.1\r\n{head}\r\n".encode(), body


def test_an_offer_to_upgrade_is_declined_without_losing_what_follows(settings: Settings) -> None:
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    with Server(settings) as server:
        with server.connect() as connection:
            for protocol in ("h2c", "websocket"):
                connection.sendall(b"".join(_offering(protocol)))
            connection.sendall(last)
            answers = b"".join(iter(lambda: connection.recv(1 << 20), b""))
        assert answers.count(b"HTTP/1.1 200") == answers.count(b"HTTP/1.1") == 3
        with server.connect() as connection:
            connection.sendall(b"".join(_offering("h2c", connection="close, Upgrade")))
            answers = b"".join(iter(lambda: connection.recv(1 << 20), b""))
        assert answers.startswith(b"HTTP/1.1 200")
        assert "upgrade request" not in server.log  # uvicorn's warning; a home's path may hold the word alone


def test_a_body_may_come_after_the_offer_to_upgrade(settings: Settings) -> None:
    head, body = _offering("h2c", expect="100-continue")
    with Server(settings) as server, server.connect() as connection:
        connection.sendall(head)
        assert connection.recv(1 << 20).startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert connection.recv(1 << 20).startswith(b"HTTP/1.1 200")
