"""One process of the stack: started on a leash, listened to, started again when it dies, stopped in time."""

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tensorkiln import leash
from tensorkiln.stack.errors import ChildFailed
from tensorkiln.stack.journal import Journal

_TAIL_LINES = 20


@dataclass(frozen=True)
class Restart:
    """How a child that died is started again.

    The pause doubles from base_s up to cap_s with every death within `immediate_s` of the start;
    `limit` such deaths in a row, and the stack gives up. A child that lived longer starts afresh.
    """

    base_s: float = 0.25
    cap_s: float = 10.0
    immediate_s: float = 10.0
    limit: int = 5


class Child:
    """A process of the stack, in a session of its own: a Ctrl-C in the terminal does not reach it."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        journal: Journal,
        *,
        inherited: Sequence[int] = (),
        restart: Restart | None = None,
    ) -> None:
        """inherited: file descriptors that the process keeps open."""
        self.name = name
        self._argv = tuple(argv)
        self._environment = dict(environment)
        self._journal = journal
        self._inherited = tuple(inherited)
        self._restart = restart or Restart()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines that the process wrote."""
        return tuple(self._tail)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def run_once(self) -> None:
        """Run the process to its end. Raises ChildFailed unless it exits with 0."""
        code = await self._run()
        if code != 0 and not self._stopping.is_set():
            raise ChildFailed(f"{self.name} {_fate(code)}", self.tail, code)

    async def keep_running(self) -> None:
        """Run the process until `stop`, again after every death. Raises ChildFailed on giving up."""
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run()
            if self._stopping.is_set():
                return
            lived_s = time.monotonic() - began
            deaths = deaths + 1 if lived_s < self._restart.immediate_s else 1
            if deaths >= self._restart.limit:
                raise ChildFailed(
                    f"{self.name} does not stay up: it died {deaths} times in a row, and last {_fate(code)}",
                    self.tail,
                )
            pause_s = min(self._restart.cap_s, self._restart.base_s * 2 ** (deaths - 1))
            self._journal.say(
                f"{self.name} {_fate(code)} after {lived_s:.1f} s; starting it again in {pause_s:g} s"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def stop(self, kill_at: float) -> None:
        """SIGTERM, and at `kill_at` (of time.monotonic) SIGKILL to its group. Returns when it is gone."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), max(0.0, kill_at - time.monotonic()))
        except TimeoutError:
            self._journal.say(f"{self.name} does not stop by itself: killed")
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """SIGKILL to the whole group, at once."""
        self._stopping.set()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _run(self) -> int:
        """Start the process and wait for its end; its exit status, negative for a signal.

        Called in the main thread, which lives as long as we do: the leash hangs on it.
        """
        self._tail.clear()
        # A pipe of our own: asyncio's would keep `wait` from returning while a grandchild holds it open.
        read_end, write_end = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *leash.command(self._argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                env=self._environment,
                pass_fds=self._inherited,
                start_new_session=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        if self._stopping.is_set():  # `stop` came while the process was being started
            self.kill()
        listener = asyncio.create_task(self._listen(read_end))
        try:
            code = await self._process.wait()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # whatever it left behind in its group
            await asyncio.wait({listener}, timeout=0.5)
        finally:
            listener.cancel()
        return code

    async def _listen(self, read_end: int) -> None:
        """Write everything that comes through the pipe into the journal, line by line."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(read_end, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        rest = b""
        try:
            while chunk := await reader.read(1 << 16):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._hear(line)
                if len(rest) > 1 << 16:  # a line without end
                    self._hear(rest)
                    rest = b""
            if rest:
                self._hear(rest)
        finally:
            transport.close()

    def _hear(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self._tail.append(text)
            self._journal.write(self.name, text)


def _fate(code: int) -> str:
    """What an exit status says of a process's end."""
    if code >= 0:
        return f"exited with {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
