"""How much memory a job's process may have."""

from __future__ import annotations

import os
from pathlib import Path

from service.settings import Settings

SHARE = 0.8  # of the machine's, or of the container's; the rest is the worker's and the system's
_CGROUPS = Path("/sys/fs/cgroup")


def limit_mb(settings: Settings) -> int:
    """The limit that is set, else this worker's share, divided among the jobs that it trains at a time."""
    if settings.job_memory_mb:
        return settings.job_memory_mb
    machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    available = min(machine_bytes, container_bytes() or machine_bytes)
    return int(available * SHARE / settings.worker_concurrency) >> 20


def container_bytes(cgroups: Path = _CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int | None:
    """The least memory limit of the control groups that we are in; None without one, or off Linux.

    Past it the kernel kills without a word, and nobody could tell the user why.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return None
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2
            root, name = cgroups, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = cgroups / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        for folder in [group, *group.parents]:
            if folder.is_relative_to(root):
                limits.append(_read_limit(folder / name))
    return min((limit for limit in limits if limit is not None), default=None)


def _read_limit(file: Path) -> int | None:
    try:
        said = file.read_text().strip()
    except OSError:
        return None
    return int(said) if said.isdigit() else None  # else `max`
