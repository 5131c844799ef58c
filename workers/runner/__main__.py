"""`python -m workers.runner FRAMES_FD PARENT_PID THREADS`: wait, warm, for one job; train it; end."""

from __future__ import annotations

import logging
import signal
import sys

from workers.channel import FrameWriter
from workers.runner.commands import Commands
from workers.runner.leash import die_with_parent


def main() -> int:
    descriptor, parent_pid, threads = map(int, sys.argv[1:])
    die_with_parent(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker decides when we stop
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S"
    )
    commands = Commands()
    from engine.backends import native, report  # what takes time is imported while the runner is a spare
    from workers.runner.training import train

    native.set_threads(threads)
    frames = FrameWriter(descriptor)
    frames.send("ready", engine=report())
    train(commands.next(), frames, commands)
    return 0


if __name__ == "__main__":
    sys.exit(main())
