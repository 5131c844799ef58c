"""The home of a stack: its folders, the lock that only one kiln can hold, and the note for clients."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tensorkiln.homes import is_alive, running_kiln
from tensorkiln.stack.errors import HomeBusy, StackError

if sys.platform != "win32":  # where `serve` refuses to run
    import fcntl

# How long the processes of a killed kiln may take to die. Their leash kills them at once.
_DEATHBED_S = 3.0


@dataclass(frozen=True)
class Home:
    """The folders under KILN_HOME that belong to the stack."""

    path: Path

    @property
    def broker(self) -> Path:
        return self.path / "broker"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def log(self) -> Path:
        return self.path / "logs" / "kiln.log"

    @property
    def note(self) -> Path:
        """Where clients read the address of the kiln that runs here."""
        return self.run / "kiln.json"

    def prepare(self) -> None:
        """Create the folders; the home itself is its owner's alone. Raises StackError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (self.broker, self.run, self.log.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as fault:
            raise StackError(
                f"cannot use {self.path} as a home: {fault.strerror}; choose another with --home or KILN_HOME"
            ) from fault

    def write_note(self, content: Mapping[str, Any]) -> None:
        """Atomic: a client reads the whole note or none."""
        draft = self.note.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(content) + "\n")
        os.replace(draft, self.note)

    def remove_note(self) -> bool:
        """Whether there was one."""
        try:
            self.note.unlink()
        except FileNotFoundError:
            return False
        return True


class HomeLock:
    """The right to run on a home, held by an flock on run/kiln.lock.

    The descriptor is handed down to every child, and an flock lasts until the last copy of its
    descriptor is closed: after a SIGKILL of the parent the lock is free only when no process of
    the old stack is left, so a new one cannot meet them.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, home: Home) -> Self:
        """Raises HomeBusy, naming who holds it."""
        descriptor = os.open(home.run / "kiln.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _DEATHBED_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = _holder(descriptor)
                if (holder and is_alive(holder)) or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise HomeBusy(_busy(home, holder)) from None
                time.sleep(0.02)
            except OSError as fault:
                os.close(descriptor)
                raise StackError(f"cannot lock {home.run / 'kiln.lock'}: {fault.strerror}") from fault
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    @staticmethod
    def is_left(home: Home) -> bool:
        """Whether a kiln once ran on this home and none does now."""
        try:
            descriptor = os.open(home.run / "kiln.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def release(self) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self.descriptor, 0)
            os.close(self.descriptor)


def _holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdigit() else None


def _busy(home: Home, holder: int | None) -> str:
    if holder and not is_alive(holder):
        return (
            f"processes of an earlier kiln (pid {holder}, gone) still hold {home.path}; "
            "end them, or choose another home with --home"
        )
    running = running_kiln(home.path)
    where = f"pid {holder}, {running.url}" if running else f"pid {holder}, still starting"
    return (
        f"a kiln already runs on {home.path} ({where}); use it, stop it, or choose another home with --home"
    )
