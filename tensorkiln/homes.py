"""Where a kiln lives on this machine, and where the one that runs can be reached."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_PORT = 8712
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"


def home_path(given: str | Path | None = None) -> Path:
    """`given`, else KILN_HOME, else ~/.kiln; absolute."""
    return Path(given or os.environ.get("KILN_HOME") or "~/.kiln").expanduser().absolute()


@dataclass(frozen=True)
class RunningKiln:
    """What run/kiln.json says of the `kiln up` that serves a home."""

    pid: int
    url: str
    started_at: str
    version: str


def running_kiln(home: Path) -> RunningKiln | None:
    """The kiln that runs on this home, or None. A file left by a process that is gone counts for nothing."""
    try:
        sent: dict[str, Any] = json.loads((home / "run" / "kiln.json").read_text())
        running = RunningKiln(
            pid=int(sent["pid"]),
            url=str(sent["url"]),
            started_at=str(sent["started_at"]),
            version=str(sent["version"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running if is_alive(running.pid) else None


def is_alive(pid: int) -> bool:
    """Whether a process of this number exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def service_url(given: str | None = None) -> tuple[str, str]:
    """The address of the service, and where it was found: as given, in KILN_URL, in the running
    kiln's home, or the default."""
    if given:
        return given, "given"
    if from_environment := os.environ.get("KILN_URL"):
        return from_environment, "KILN_URL"
    home = home_path()
    if running := running_kiln(home):
        return running.url, f"running from {home}"
    return DEFAULT_URL, "default"
