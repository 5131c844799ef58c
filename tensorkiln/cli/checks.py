"""What `kiln doctor` looks at. A check tells what it found, and what to do where that is not well."""

import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tensorkiln.cli.command import kiln
from tensorkiln.cli.output import size
from tensorkiln.client import Client
from tensorkiln.errors import KilnError
from tensorkiln.homes import home_path, service_url
from tensorkiln.retry import Retry
from tensorkiln.stack import StackError
from tensorkiln.stack.broker import find_server, masked
from tensorkiln.version import __version__

_OLDEST_PYTHON = (3, 11)
_LITTLE_BYTES, _NO_BYTES = 2 << 30, 200 << 20
_MNIST = tuple(
    f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
)

Verdict = Literal["ok", "info", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """verdict: `fail` means that something cannot work, `warn` that it works less well, `info` nothing"""

    name: str
    verdict: Verdict
    detail: str
    advice: str = ""


def _ok(name: str, detail: str) -> Finding:
    return Finding(name, "ok", detail)


def _warn(name: str, detail: str, advice: str) -> Finding:
    return Finding(name, "warn", detail, advice)


def _fail(name: str, detail: str, advice: str) -> Finding:
    return Finding(name, "fail", detail, advice)


def examine(url: str | None, home: Path | None) -> Iterator[Finding]:
    """Every finding, in the order in which one would look."""
    place = home_path(home)
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _engine,
        _compiler,
        _broker,
        lambda: _home(place),
        lambda: _mnist(url, place),
        lambda: _service(url),
    )
    for check in checks:
        yield from check()


def _python() -> Iterator[Finding]:
    detail = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info >= _OLDEST_PYTHON:
        yield _ok("python", detail)
    else:
        yield _fail("python", detail, "Tensorkiln needs Python 3.11 or newer")
    system = f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores"
    if os.name == "posix":
        yield _ok("platform", system)
    else:
        yield Finding(
            "platform", "warn", system, "`kiln up` needs Linux or macOS; use WSL, or docker compose"
        )


def _packages() -> Iterator[Finding]:
    try:
        needed = importlib.metadata.requires("tensorkiln") or []
    except importlib.metadata.PackageNotFoundError:
        yield _fail("packages", "tensorkiln is not installed", "pip install -e . in its checkout")
        return
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed if ";" not in line]
    missing = [name for name in names if not _is_installed(name)]
    if missing:
        yield Finding(
            "packages", "fail", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}"
        )
    else:
        yield _ok("packages", f"tensorkiln {__version__} and the {len(names)} packages it needs")


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _engine() -> Iterator[Finding]:
    ask = "import json; from engine import backends; print(json.dumps(backends.report()))"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", ask], capture_output=True, text=True, timeout=60, check=True
        )
        report = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as fault:
        said = (getattr(fault, "stderr", None) or str(fault)).strip().splitlines()
        yield _fail("engine", said[-1] if said else str(fault), "install tensorkiln again")
        return
    yield _ok(
        "engine",
        f"{', '.join(report['backends'])} on {', '.join(report['devices'])}, {report['threads']} threads",
    )
    native = report.get("native", {})
    if native.get("available"):
        yield _ok("native", f"built, {native['kernels']} kernels for {native['level']}")
    else:
        yield Finding("native", "info", f"{native.get('reason', 'not available')}; training runs on numpy")


def _compiler() -> Iterator[Finding]:
    for name in ("c++", "g++", "clang++"):
        if found := shutil.which(name):
            said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
            yield _ok("compiler", said.splitlines()[0] if said else found)
            return
    yield Finding("compiler", "info", "no C++ compiler, which the native backend takes to be built")


def _broker() -> Iterator[Finding]:
    if given := os.environ.get("KILN_REDIS_URL"):
        yield _ok("broker", f"{masked(given)} (KILN_REDIS_URL)")
        return
    try:
        server = find_server()
        yield _ok("broker", f"{server.version()} {server.origin}: {server.binary}")
    except StackError as fault:
        detail, _, advice = str(fault).partition("; ")
        yield _fail("broker", detail, advice)


def _home(home: Path) -> Iterator[Finding]:
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK) or not existing.is_dir():
        yield _fail("home", f"{home} cannot be written", "choose another with --home or KILN_HOME")
        return
    yield _ok("home", f"{home}{'' if home.exists() else ' (will be made)'}")
    free = shutil.disk_usage(existing).free
    verdict: Verdict = "ok"
    if free < _LITTLE_BYTES:
        verdict = "fail" if free < _NO_BYTES else "warn"
    yield Finding(
        "disk", verdict, f"{size(free)} free", "" if verdict == "ok" else "make room, or move the home"
    )


def _mnist(url: str | None, home: Path) -> Iterator[Finding]:
    """What the service says that runs; without one, where it would look."""
    try:
        with _asked_once(service_url(url)[0]) as client:
            dataset = client.datasets.get("mnist")
    except (KilnError, ValueError):
        yield _mnist_here(home)
        return
    detail = f"{dataset.state} in the service{f': {dataset.message}' if dataset.message else ''}"
    if dataset.state == "unavailable":
        yield _warn(
            "mnist",
            detail,
            "set KILN_DATA_DIR to a folder with its four files; until then the demo uses digits",
        )
    else:
        yield Finding("mnist", "ok" if dataset.state == "ready" else "info", detail)


def _mnist_here(home: Path) -> Finding:
    given = os.environ.get("KILN_DATA_DIR")
    roots = [Path(given).expanduser(), Path(given).expanduser() / "mnist"] if given else []
    roots.append(home / "datasets" / "mnist")
    for root in roots:
        for folder in (root, root / "MNIST" / "raw"):
            if all((folder / name).exists() for name in _MNIST):
                return _ok("mnist", str(folder))
    return _warn(
        "mnist",
        f"its four files are not in {' or '.join(map(str, roots))}",
        "they are downloaded when first used; or set KILN_DATA_DIR; without them the demo uses digits",
    )


def _asked_once(address: str) -> Client:
    return Client(address, timeout_s=5.0, retry=Retry(attempts=1))


def _service(url: str | None) -> Iterator[Finding]:
    address, origin = service_url(url)
    try:
        with _asked_once(address) as client:
            system = client.system()
    except (KilnError, ValueError) as fault:
        yield _warn("service", f"{address} ({origin}): {fault}", f"start one with `{kiln('up')}`")
        return
    version = system.get("version")
    workers = system.get("workers") or []
    detail = f"{version} at {address} ({origin}), {len(workers)} worker{'s' if len(workers) != 1 else ''}"
    if version != __version__:
        yield _warn("service", detail, f"this is {__version__}: update the older of the two")
    elif not workers:
        yield _warn("service", detail, "jobs wait until a worker runs: `python -m workers`")
    else:
        yield _ok("service", f"{detail}, training on {', '.join(system.get('devices') or [])}")
