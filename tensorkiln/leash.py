"""`python -m tensorkiln.leash [--parent PID] [--stay] -- CMD…`: run a command that cannot outlive its parent.

On Linux the kernel is asked for a SIGKILL at the parent's death (prctl PR_SET_PDEATHSIG), and the
command takes this process's place: the setting survives exec. It is SIGKILL, not SIGTERM: a worker that
gets SIGTERM may rightly take its time, and whoever kills the parent has asked for no farewell; everything
behind a leash is built to be killed. Two traps of the setting: it is not inherited, so a child that
starts children leashes them itself; and it fires when the parent's *thread* that forked ends, so leashed
processes are started from a thread that lives as long as the process.

Elsewhere (and with --stay) this process stays, watches its parent, and kills its own process group when
the parent is gone. The caller starts it in a new session, so that the group is the command's alone.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

PR_SET_PDEATHSIG = 1
ORPHANED = 125  # exit status: the parent was gone before the command began
_WATCH_PAUSE_S = 0.2


def command(argv: Sequence[str], *, stay: bool = False) -> list[str]:
    """The argument vector that runs `argv` on a leash held by the calling process."""
    options = ["--parent", str(os.getpid()), *(["--stay"] if stay else [])]
    return [sys.executable, "-m", "tensorkiln.leash", *options, "--", *argv]


def main(arguments: Sequence[str]) -> NoReturn:
    options, _, argv = _split(arguments)
    parent = int(options[options.index("--parent") + 1]) if "--parent" in options else os.getppid()
    if not argv:
        sys.exit("usage: python -m tensorkiln.leash [--parent PID] [--stay] -- CMD…")
    if sys.platform == "linux" and "--stay" not in options:
        _hold(parent)
        _become(argv)
    _watch(parent, argv)


def _split(arguments: Sequence[str]) -> tuple[list[str], str, list[str]]:
    if "--" not in arguments:
        return [], "", list(arguments)
    cut = arguments.index("--")
    return list(arguments[:cut]), "--", list(arguments[cut + 1 :])


def _hold(parent: int) -> None:
    """Tie this process to its parent's life."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"leash: prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(ORPHANED)


def _become(argv: list[str]) -> NoReturn:
    try:
        os.execvp(argv[0], argv)
    except OSError as fault:
        print(f"leash: {argv[0]}: {fault.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(fault, FileNotFoundError) else 126)


def _watch(parent: int, argv: Sequence[str]) -> NoReturn:
    """Run the command as a child, pass signals on to it, and end everything when the parent is gone."""
    try:
        child = subprocess.Popen(argv)
    except OSError as fault:
        print(f"leash: {argv[0]}: {fault.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(fault, FileNotFoundError) else 126)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    while os.getppid() == parent:
        code = child.poll()
        if code is not None:
            sys.exit(code if code >= 0 else 128 - code)
        time.sleep(_WATCH_PAUSE_S)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    child.kill()  # the group is not ours to kill: at least the command ends
    sys.exit(ORPHANED)


if __name__ == "__main__":
    main(sys.argv[1:])
