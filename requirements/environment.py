"""The project's virtual environment: made, filled from the locks, and stamped with what it holds.

Standard library only: this runs before anything is installed. `dev.py` is its one caller.
"""

import contextlib
import dataclasses
import hashlib
import importlib.util
import json
import os
import re
import selectors
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:
    sys.exit("dev.py: Tensorkiln runs on Linux and macOS; on Windows, run this inside WSL")

ROOT = Path(__file__).resolve().parents[1]
PYTHON_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
# Inside an activated .venv this is the interpreter that it was made from, which survives .venv's rebuilding.
BASE_PYTHON: str = getattr(sys, "_base_executable", None) or sys.executable
OLDEST_PIP = (22, 3)  # the first that installs into another interpreter's environment (--python)
# modules are compiled as they are first imported: most never are, and compiling all of them takes long
PIP_OPTIONS = ("--no-input", "--progress-bar", "off", "--disable-pip-version-check", "--no-compile")


class Trouble(Exception):
    """Why we can't go on, in one line for the user."""


@dataclasses.dataclass(frozen=True)
class Part:
    """Something that an environment holds, installed as a whole."""

    name: str
    title: str
    files: tuple[str, ...]  # what it is installed from; a change of theirs makes it stale
    commands: tuple[tuple[str, ...], ...]  # arguments of `pip install`, one call after another
    covers: tuple[str, ...] = ()  # parts whose packages are all in this one
    room_mb: int = 700  # what it takes on disk, generously


LOCKED = ("--require-hashes", "--only-binary", ":all:", "-r")
RUN = Part("run", "the service's packages", ("requirements/run.txt",), ((*LOCKED, "requirements/run.txt"),))
DEV = Part(
    "dev",
    "the service's and the tests' packages",
    ("requirements/dev.txt",),
    ((*LOCKED, "requirements/dev.txt"),),
    ("run",),
)
# torch's builds differ by platform, so it has a version and no hash; the pure packages below it are locked.
ORACLE = Part(
    "oracle",
    "PyTorch, the tests' oracle",
    ("requirements/oracle.txt", "requirements/oracle-deps.txt"),
    ((*LOCKED, "requirements/oracle-deps.txt"), ("--only-binary", ":all:", "-r", "requirements/oracle.txt")),
    room_mb=1500,
)
# --no-deps: what jax needs besides (numpy, scipy, ml_dtypes) is the service's own, at its locked versions
PEERS = Part(
    "peers",
    "JAX, the benchmarks' other peer",
    ("requirements/peers.txt",),
    (("--no-deps", "--only-binary", ":all:", "-r", "requirements/peers.txt"),),
)
# what the native core is built from: a change of theirs builds it anew
NATIVE = tuple(
    str(path.relative_to(ROOT))
    for pattern in ("build.py", "CMakeLists.txt", "src/**/*.h", "src/**/*.cpp")
    for path in sorted(ROOT.glob(f"engine/backends/native/{pattern}"))
)
# editable, so that a change in the tree needs no installing; its build tools are in the locks
PROJECT = Part(
    "project",
    "tensorkiln",
    ("pyproject.toml", *NATIVE),
    (("--no-deps", "--no-build-isolation", "-e", "."),),
    room_mb=1,
)
LOCK = Part(
    "lock", "uv, which resolves the locks", ("requirements/lock.txt",), ((*LOCKED, "requirements/lock.txt"),)
)
BY_NAME = {part.name: part for part in (RUN, DEV, ORACLE, PEERS, PROJECT, LOCK)}


class Environment:
    """The virtual environment at `folder`, and the stamp in it that says what it holds.

    The stamp is written after each part; `unfinished` stands in the folder while pip or venv changes it. If
    it stands there and no process holds the lock, the last one was interrupted: the folder is made anew.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.stamp = self.folder / "tensorkiln.json"
        self.unfinished = self.folder / "tensorkiln.unfinished"

    def digest(self, part: Part) -> str:
        """Of the part's files: the same digest, nothing to install."""
        content = b"".join(self._content(name) for name in part.files)
        return hashlib.sha256(content).hexdigest()

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """Which of these parts must be installed: all, where the environment can't be used as it is."""
        stamp = self._read_stamp()
        if stamp is None or self.unfinished.exists() or not self.python.exists():
            return list(parts)
        return [part for part in parts if stamp["parts"].get(part.name) != self.digest(part)]

    def prepare(self, parts: Sequence[Part]) -> None:
        """Make the environment hold these parts; returns at once where it does."""
        if not self.missing(parts):
            return
        started = time.monotonic()
        with self._lock() as lock:
            missing = self.missing(parts)  # perhaps whom we waited for has done it
            if not missing:
                return
            self._check_room(missing)
            self._make_usable(lock)
            for part in self.missing(parts):
                self._install(part, lock)
        say(f"ready in {time.monotonic() - started:.0f} s")

    def _make_usable(self, lock: IO[str]) -> None:
        """An environment of ours that is whole stays; what is broken or of another Python is made anew."""
        ours = self.unfinished.exists() or self.stamp.exists()
        whole = (
            self.python.exists() and (self.folder / "pyvenv.cfg").exists() and not self.unfinished.exists()
        )
        if ours and whole and self._read_stamp() is not None:
            return
        if not ours and self.folder.exists():
            site_packages = self.folder / "lib" / f"python{PYTHON_VERSION}" / "site-packages"
            if whole and site_packages.exists():
                return  # somebody's own environment, as `python3 -m venv .venv` makes it: we install into it
            raise Trouble(f"{self.folder} is no Python {PYTHON_VERSION} environment of ours; move it away")
        say(f"making .venv with Python {PYTHON_VERSION}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.unfinished.touch()
        command = [BASE_PYTHON, "-m", "venv", "--without-pip", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, pass_fds=[lock.fileno()])
        if done.returncode != 0:
            fallback = f"{BASE_PYTHON} can't make an environment (Debian: install python3-venv)"
            raise Trouble(explain(done.stdout + done.stderr, fallback))
        self._write_stamp({})

    def _install(self, part: Part, lock: IO[str]) -> None:
        pip = self._pip()
        for arguments in part.commands:
            progress = Progress(f"installing {part.title}", len(pins(self.root / arguments[-1])))
            self.unfinished.touch()
            try:
                failure = progress.follow([*pip, "install", *PIP_OPTIONS, *arguments], self.root, lock)
            finally:
                # pip fetches everything before it changes anything: up to then the environment is as it was.
                if not progress.changing:
                    self.unfinished.unlink(missing_ok=True)
            if failure is not None:
                log = self.folder / "tensorkiln.log"
                with contextlib.suppress(OSError):  # the disk is full, perhaps
                    log.write_text(failure)
                raise Trouble(explain(failure, f"pip could not install {part.title} (see {log})"))
            self.unfinished.unlink(missing_ok=True)
        stamp = self._read_stamp() or {"parts": {}}
        installed = {name: self.digest(BY_NAME[name]) for name in (part.name, *part.covers)}
        self._write_stamp({**stamp["parts"], **installed})

    def _pip(self) -> list[str]:
        """How to call a pip that installs into this environment.

        Debian splits ensurepip off Python (python3-venv), but then pip may be there (python3-pip).
        """
        own = [str(self.python), "-m", "pip"]
        if any(self.folder.glob("lib/python*/site-packages/pip")):
            return own
        if importlib.util.find_spec("ensurepip") is not None:
            self.unfinished.touch()
            command = [str(self.python), "-m", "ensurepip"]
            done = subprocess.run(command, capture_output=True, env=pip_environment())
            self.unfinished.unlink()
            if done.returncode == 0:
                return own
        outer = [
            [BASE_PYTHON, "-m", "pip"],
            *([found] for name in ("pip3", "pip") if (found := shutil.which(name))),
        ]
        for pip in outer:
            answer = subprocess.run(
                [*pip, "--version"], capture_output=True, text=True, env=pip_environment()
            )
            version = re.match(r"pip (\d+)\.(\d+)", answer.stdout)
            if version and (int(version[1]), int(version[2])) >= OLDEST_PIP:
                return [*pip, "--python", str(self.python)]
        raise Trouble(f"no pip for {BASE_PYTHON}: install python3-venv or python3-pip, then run this again")

    def _check_room(self, parts: Sequence[Part]) -> None:
        known = (self._read_stamp() or {"parts": {}})["parts"]
        needed = sum(part.room_mb for part in parts if part.name not in known)
        free = shutil.disk_usage(self.root).free // 2**20
        if free < needed:
            raise Trouble(
                f"the disk is too full: {self.root} has {free} MB free, and .venv needs up to {needed} MB"
            )

    @contextlib.contextmanager
    def _lock(self) -> Iterator[IO[str]]:
        """One dev.py at a time changes .venv. Children inherit the lock: it outlives us with them."""
        file = self.root / ".venv.lock"
        try:
            lock = file.open("w")
        except OSError as error:
            raise Trouble(f"can't write {file}: {(error.strerror or '').lower()}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another dev.py, which is setting up .venv")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock

    def _content(self, name: str) -> bytes:
        raw = (self.root / name).read_bytes()
        if name != "pyproject.toml":
            return raw
        data = tomllib.loads(raw.decode())
        # what the installed package is made of, not the settings of ruff or mypy
        parts = [data["project"], data["build-system"], data["tool"]["hatch"]]
        return json.dumps(parts, sort_keys=True).encode()

    def _read_stamp(self) -> dict[str, dict[str, str]] | None:
        """The stamp of an environment made by this Python for this folder, else None."""
        try:
            stamp = json.loads(self.stamp.read_text())
            return stamp if stamp["made"] == self._made() and isinstance(stamp["parts"], dict) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write_stamp(self, parts: dict[str, str]) -> None:
        fresh = self.stamp.with_suffix(".new")
        fresh.write_text(json.dumps({"made": self._made(), "parts": parts}, indent=1))
        fresh.replace(self.stamp)
        self.unfinished.unlink(missing_ok=True)

    def _made(self) -> dict[str, str]:
        return {"python": PYTHON_VERSION, "root": str(self.root)}


class Progress:
    """One line that says what pip is at: rewritten in place on a terminal, else printed every few seconds."""

    def __init__(self, title: str, total: int) -> None:
        self.title = title
        self.total = total
        self.collected = 0
        self.changing = False  # pip has begun to change the environment
        self.doing = ""
        self.started = time.monotonic()
        self.shown_at = -60.0

    def follow(self, command: Sequence[str], folder: Path, lock: IO[str]) -> str | None:
        """Run pip and show how far it is. Returns None if it succeeded, else what it printed."""
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command,
            cwd=folder,
            env=pip_environment(),
            stdout=pipe,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
        ) as process:
            assert process.stdout is not None
            output: list[str] = []
            try:
                for line in self._lines(process.stdout):
                    output.append(line)
                    self._notice(line)
                status = process.wait()
            except BaseException:
                process.terminate()
                raise
            finally:
                self._show("", last=True)
        return None if status == 0 else "".join(output)

    def _lines(self, stream: IO[bytes]) -> Iterator[str]:
        """Its lines as they come; in between, the elapsed time is shown going on."""
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            rest = b""
            while True:
                self._show(self.doing)
                if not selector.select(timeout=0.5):
                    continue
                chunk = os.read(stream.fileno(), 65536)
                if not chunk:
                    break
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line.decode(errors="replace") + "\n"

    def _notice(self, line: str) -> None:
        if match := re.match(r"Collecting (\S+?)(?:[=<>@ ]|$)", line):
            self.collected += 1
            self.doing = f"{match[1]} ({min(self.collected, self.total)} of {self.total})"
        elif match := re.match(r" +Downloading (\S+?)-\d\S* (\(.*\))", line):
            self.doing = f"{match[1]} {match[2]} ({min(self.collected, self.total)} of {self.total})"
        elif line.startswith("Installing collected packages:"):
            self.changing = True
            self.doing = f"unpacking {line.count(',') + 1} packages"

    def _show(self, doing: str, last: bool = False) -> None:
        now = time.monotonic()
        text = f"dev.py: {self.title}, {now - self.started:.0f} s"
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            print(
                "\r\033[2K" + f"{text}  {doing}"[:width],
                end="\n" if last else "",
                file=sys.stderr,
                flush=True,
            )
        elif last or now - self.shown_at >= 10:
            self.shown_at = now
            print(f"{text}  {doing}".rstrip(), file=sys.stderr, flush=True)


def say(text: str) -> None:
    """On stderr: stdout belongs to the verb (`demo --json`)."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def pins(file: Path) -> list[str]:
    """The names that a lock pins; none for a file that is no lock."""
    if file.suffix != ".txt":
        return []
    return re.findall(r"^([A-Za-z0-9._-]+)==", file.read_text(), re.MULTILINE)


def pip_environment() -> dict[str, str]:
    """The caller's, less what would lead pip out of .venv; indexes and proxies stay the user's choice."""
    astray = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME"}
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return {**kept, "PIP_USER": "0", "PIP_BREAK_SYSTEM_PACKAGES": "0"}


def explain(output: str, fallback: str) -> str:
    """What went wrong, in one line, from what pip or venv printed."""
    offline = (
        r"NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable"
    )
    if re.search(r"No space left on device|Errno 28", output):
        return "the disk is full; make room and run this again"
    if match := re.search(r"(Permission denied|Read-only file system): '?([^'\n]*)", output):
        return f"can't write {match[2] or ROOT}: {match[1].lower()}"
    if "DO NOT MATCH THE HASHES" in output:
        culprit = re.search(r"^ +(\S+) from ", output, re.MULTILINE)
        package = culprit[1] if culprit else "a package"
        return f"{package} as downloaded is not what requirements/ pins by hash; it was not installed"
    if re.search(offline, output):
        return "the package index can't be reached; the first run needs the network, later ones don't"
    if match := re.search(r"No matching distribution found for (\S+)", output):
        system = os.uname()
        return f"no build of {match[1]} for Python {PYTHON_VERSION} on {system.sysname} {system.machine}"
    errors = re.findall(r"^ERROR: (.+)", output, re.MULTILINE)
    return f"{fallback}: {errors[-1]}" if errors else fallback
