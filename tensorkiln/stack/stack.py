"""`kiln up`: the processes, in which order they start, what happens when one fails, and how they end."""

import asyncio
import contextlib
import os
import signal
import site
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

import httpx

from tensorkiln.stack import address, broker
from tensorkiln.stack.child import Child
from tensorkiln.stack.errors import BadSetting, ChildFailed, StackError
from tensorkiln.stack.home import Home, HomeLock
from tensorkiln.stack.journal import Journal
from tensorkiln.version import __version__

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 3.5
# The broker stops after those that talk to it, and holds nothing that it would have to save.
BROKER_STOP_TIMEOUT_S = 0.7
_PAUSE_S = 0.05
_BAD_SETTING = 2  # the exit status by which our processes say that a KILN_ variable is at fault


@dataclass(frozen=True)
class Options:
    """home: KILN_HOME; port: None for KILN_PORT or 8712, 0 for any that is free; workers: processes"""

    home: Path
    host: str = "127.0.0.1"
    port: int | None = None
    workers: int = 1


@dataclass(frozen=True)
class Running:
    """What a stack that is ready says of itself; also the content of run/kiln.json."""

    pid: int
    url: str
    started_at: str
    version: str
    home: str
    log: str
    docs: str


class Screen(Protocol):
    """Where the stack shows what it does."""

    journal_terminal: TextIO | None  # where log lines go once the stack is ready
    journal_colour: bool

    def warn(self, text: str) -> None: ...
    def step(self, name: str, detail: str, took_s: float) -> None: ...
    def ready(self, running: Running, took_s: float) -> None: ...
    def stopping(self, reason: str) -> None: ...
    def stopped(self, took_s: float) -> None: ...


def serve(options: Options, screen: Screen) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP. Raises StackError; nothing is left running."""
    if sys.platform == "win32":
        raise StackError("`kiln up` needs Linux or macOS; on Windows use WSL, or docker compose")
    home = Home(options.home)
    home.prepare()
    lock = HomeLock.take(home)
    try:
        if home.remove_note():
            screen.warn("the last kiln on this home ended without cleaning up; nothing of it is left running")
        journal = Journal(home.log)
        try:
            asyncio.run(_Stack(options, home, lock, journal, screen).run())
        finally:
            journal.close()
    finally:
        lock.release()


class _Stack:
    def __init__(
        self, options: Options, home: Home, lock: HomeLock, journal: Journal, screen: Screen
    ) -> None:
        self._options = options
        self._home = home
        self._lock = lock
        self._journal = journal
        self._screen = screen
        self._address = address.choose(options.host, options.port)
        self._environment = _environment(options, self._address)
        self._children: list[Child] = []
        self._broker_child: Child | None = None
        self._broker: broker.Broker | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None
        self._end = asyncio.Event()
        self._end_reason = ""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal, number)
        self._journal.note(f"kiln {__version__} starts, pid {os.getpid()}, home {self._home.path}")
        try:
            up = self._watched(self._bring_up())
            await self._end.wait()
            up.cancel()
        finally:
            await self._take_down()
        if self._failure is not None:
            raise self._failure

    def _on_signal(self, number: signal.Signals) -> None:
        if self._end.is_set():  # asked twice: no more patience
            for child in self._everyone():
                child.kill()
            return
        self._end_reason = number.name
        self._end.set()

    async def _bring_up(self) -> None:
        began = time.monotonic()
        if self._address.is_exposed:
            self._screen.warn(
                f"the API listens on {self._options.host}: "
                "whoever reaches this machine can use it, without a password"
            )
        for step in await asyncio.gather(self._start_broker(), self._migrate()):
            self._screen.step(*step)
        api_began = time.monotonic()
        self._keep("api", "-m", "service")
        for number in range(1, self._options.workers + 1):
            self._keep("worker" if self._options.workers == 1 else f"worker-{number}", "-m", "workers")
        await self._api_ready()
        self._screen.step("api", self._address.url, time.monotonic() - api_began)
        running = self._running()
        self._home.write_note(
            {name: getattr(running, name) for name in ("pid", "url", "started_at", "version")}
        )
        self._journal.note(f"ready at {running.url}")
        self._screen.ready(running, time.monotonic() - began)
        self._journal.show_on(self._screen.journal_terminal, colour=self._screen.journal_colour)

    async def _start_broker(self) -> tuple[str, str, float]:
        """What to show of it: name, detail, and how long it took in seconds."""
        began = time.monotonic()
        if given := os.environ.get("KILN_REDIS_URL"):
            return "broker", f"{broker.masked(given)} (KILN_REDIS_URL)", 0.0
        server = broker.find_server()
        self._broker = broker.place_broker(server, self._home.broker)
        self._environment["KILN_REDIS_URL"] = self._broker.url
        self._broker_child = self._child("broker", self._broker.command)
        self._watched(self._broker_child.keep_running())
        while not await self._broker.answers():
            if time.monotonic() - began > READY_TIMEOUT_S:
                raise ChildFailed(f"the broker ({server.binary}) does not answer", self._broker_child.tail)
            await asyncio.sleep(_PAUSE_S)
        return "broker", f"{server.binary.name} {server.origin}", time.monotonic() - began

    async def _migrate(self) -> tuple[str, str, float]:
        """The same of the database. The first of our processes: it finds what is wrong with the settings."""
        began = time.monotonic()
        migration = self._child("migrate", [sys.executable, "-m", "migrations"])
        self._children.append(migration)
        try:
            await migration.run_once()
        except ChildFailed as failure:
            if failure.status != _BAD_SETTING:
                raise
            raise BadSetting("\n".join(line.removeprefix("kiln: ") for line in failure.lines)) from failure
        self._children.remove(migration)
        said = migration.tail[-1] if migration.tail else "migrated"
        return "database", said.removeprefix("database "), time.monotonic() - began

    async def _api_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        said = "it does not answer"
        async with httpx.AsyncClient(base_url=self._address.url, trust_env=False, timeout=5.0) as client:
            while time.monotonic() < deadline:
                try:
                    response = await client.get("/readyz")
                    if response.is_success:
                        return
                    said = f"{response.status_code} {response.text.strip()}"
                except httpx.TransportError:
                    pass  # not there yet
                await asyncio.sleep(_PAUSE_S)
        raise ChildFailed(f"the API is not ready after {READY_TIMEOUT_S:g} s; /readyz: {said}")

    async def _take_down(self) -> None:
        began = time.monotonic()
        is_refused = isinstance(self._failure, BadSetting)  # nothing has been shown to start yet
        if not is_refused:
            self._screen.stopping(self._end_reason)
        self._journal.note(f"stopping: {self._end_reason or 'a process failed'}")
        self._home.remove_note()
        kill_at = began + STOP_TIMEOUT_S
        await asyncio.gather(*(child.stop(kill_at) for child in self._children))
        if self._broker_child is not None:
            self._journal.show_on(None, colour=False)  # its long farewell is for the file
            await self._broker_child.stop(time.monotonic() + BROKER_STOP_TIMEOUT_S)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._broker is not None:
            with contextlib.suppress(OSError):
                self._broker.remove_socket()
        self._journal.note("stopped")
        if not is_refused:
            self._screen.stopped(time.monotonic() - began)

    def _keep(self, name: str, *arguments: str) -> None:
        child = self._child(name, [sys.executable, *arguments])
        self._children.append(child)
        self._watched(child.keep_running())

    def _child(self, name: str, argv: list[str] | tuple[str, ...]) -> Child:
        return Child(name, argv, self._environment, self._journal, inherited=[self._lock.descriptor])

    def _watched(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A task whose failure ends the stack."""
        task = asyncio.create_task(work)

        def look(done: "asyncio.Task[None]") -> None:
            if not done.cancelled() and (failure := done.exception()) is not None:
                self._failure = self._failure or failure
                self._end.set()

        task.add_done_callback(look)
        self._tasks.append(task)
        return task

    def _everyone(self) -> list[Child]:
        return [*self._children, *([self._broker_child] if self._broker_child else [])]

    def _running(self) -> Running:
        url = self._address.url
        return Running(
            pid=os.getpid(),
            url=url,
            started_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            version=__version__,
            home=str(self._home.path),
            log=str(self._home.log),
            docs=f"{url}/docs",
        )


def _environment(options: Options, place: address.Address) -> dict[str, str]:
    """What the children see. PYTHONSAFEPATH: a folder `service` or `workers` where the user happens
    to stand is not ours."""
    root = str(Path(__file__).resolve().parents[2])
    search = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    search += [root] if root not in site.getsitepackages() else []
    return {
        **os.environ,
        "KILN_HOME": str(options.home),
        "KILN_HOST": place.host,
        "KILN_PORT": str(place.port),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join(search),
    }
