"""What sanitizers watch takes minutes: it begins when the tests do, beside them, and is asked for last."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

LONGEST_S = 1200


@dataclass
class Watched:
    """The tests that run on cores built with sanitizers, and the folder in which they leave what came out."""

    process: subprocess.Popen[bytes]
    folder: Path

    def result(self, name: str) -> dict[str, str]:
        """Of one sanitizer, waiting until it is there."""
        written = self.folder / f"{name}.json"
        end = time.monotonic() + LONGEST_S
        while not written.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        if written.exists():
            found: dict[str, str] = json.loads(written.read_text())
            return found
        return {"failed": (self.folder / "log").read_text() or f"nothing came out in {LONGEST_S} s"}

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder)


_WATCHED = pytest.StashKey[Watched]()


def _name(item: pytest.Item) -> str:
    """The sanitizer that a test asks for; empty where it asks for none."""
    return str(item.callspec.params.get("sanitizer", "")) if hasattr(item, "callspec") else ""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: bool(_name(item)))


def pytest_collection_finish(session: pytest.Session) -> None:
    names = [name for item in session.items if (name := _name(item))]
    if not names or session.config.option.collectonly:
        return
    folder = Path(tempfile.mkdtemp(prefix="sanitizers-"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.backends.native.sanitizing", str(folder), *names],
            cwd=session.config.rootpath,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    session.config.stash[_WATCHED] = Watched(process, folder)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (watched := session.config.stash.get(_WATCHED, None)) is not None:
        watched.end()


@pytest.fixture
def watched(request: pytest.FixtureRequest) -> Watched:
    return request.config.stash[_WATCHED]
