#!/usr/bin/env python3
"""Tensorkiln's own commands. The first call makes .venv beside this file. What demo and up keep (database,
data, weights) goes into KILN_HOME, by default ~/.kiln; the demo's results into ./kiln-demo.

python3 dev.py demo [ARGS]            train a network end to end on this machine and look at the result
python3 dev.py up [ARGS]              run the service here (database, broker, API, worker) until Ctrl-C
python3 dev.py test [--torch] [ARGS]  run the tests; --torch adds PyTorch, their oracle; ARGS are pytest's
python3 dev.py lint [--fix]           ruff, mypy and the import rules
python3 dev.py bench [ARGS]           measure us beside PyTorch and JAX
python3 dev.py lock [ARGS]            resolve requirements/*.txt anew; ARGS are uv's (--upgrade)
"""

import sys

# Everything above and in this file parses on older Pythons, so that they can say this.
if sys.version_info < (3, 11):
    sys.exit("dev.py: Tensorkiln needs Python 3.11 or newer, and this is %d.%d" % sys.version_info[:2])

import difflib
import errno
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also under PYTHONSAFEPATH

from requirements.environment import DEV, LOCK, ORACLE, PEERS, PROJECT, ROOT, RUN, Environment, Trouble, say

LINT_FIX = ("ruff check --fix", "ruff format")
LINT = ("ruff check", "ruff format --check", "mypy", "lint-imports --no-cache")  # its cache goes stale


def replace_us(command: Sequence[str], folder: Path | None = None) -> NoReturn:
    """Become the environment's Python running this: signals, exit status and terminal are then its own."""
    environment = Environment(ROOT)
    os.environ["VIRTUAL_ENV"] = str(environment.folder)
    os.environ["PATH"] = os.pathsep.join([str(environment.python.parent), os.environ.get("PATH", os.defpath)])
    if folder is not None:
        os.chdir(folder)
    os.execv(environment.python, [str(environment.python), *command])


def lint(arguments: Sequence[str]) -> int:
    if set(arguments) - {"--fix"}:
        raise Trouble("usage: dev.py lint [--fix]")
    tools = Environment(ROOT).python.parent
    failed = []
    for command in (*(LINT_FIX if arguments else LINT[:2]), *LINT[2:]):
        say(command)
        program, *options = command.split()
        if subprocess.run([str(tools / program), *options], cwd=ROOT).returncode != 0:
            failed.append(program)
    if failed:
        say(f"lint: {', '.join(dict.fromkeys(failed))} found something")
    return 1 if failed else 0


def lock(arguments: Sequence[str]) -> int:
    """Resolve pyproject.toml into the locks, for all platforms and Pythons; pins that still fit stay."""
    uv = Environment(ROOT).python.parent / "uv"
    options = [
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-header",
        "--quiet",
        *arguments,
    ]
    run = ["pyproject.toml", "--extra", "embedded", "--extra", "postgres", "--group", "build"]
    # what only a user's own script imports, and its tests
    scripts = ["--extra", "text", "--extra", "images"]
    choices = {
        "run": run,
        "dev": [*run, *scripts, "--group", "dev", "-c", "requirements/run.txt"],
        "oracle-deps": ["--group", "oracle", "-c", "requirements/dev.txt"],
        "lock": ["--group", "lock"],
    }
    for name, choice in choices.items():
        target = f"requirements/{name}.txt"
        say(f"resolving {target}")
        command = [str(uv), "pip", "compile", *choice, *options, "-o", target]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            raise Trouble(f"uv could not resolve {target}")
    return 0


def main(arguments: Sequence[str]) -> int:
    verb, *rest = arguments or ["help"]
    torch = verb == "test" and "--torch" in rest
    parts = {
        "demo": [RUN, PROJECT],
        "up": [RUN, PROJECT],
        "test": [DEV, PROJECT, *([ORACLE] if torch else [])],
        "lint": [DEV, PROJECT],
        "bench": [DEV, PROJECT, ORACLE, PEERS],
        "lock": [LOCK],
    }
    if verb in ("help", "-h", "--help"):
        print(__doc__)
        return 0
    if verb not in parts:
        near = difflib.get_close_matches(verb, parts, n=1)
        say(f"no verb {verb!r}{f'; did you mean {near[0]}?' if near else ''}")
        print(__doc__, file=sys.stderr)
        return 2
    Environment(ROOT).prepare(parts[verb])
    if verb == "demo":
        replace_us(["-m", "tensorkiln.demo", *rest])
    if verb == "up":
        replace_us(["-m", "tensorkiln.cli", "up", *rest])
    if verb == "test":
        replace_us(["-m", "pytest", *(word for word in rest if word != "--torch")], ROOT)
    if verb == "bench":
        replace_us(["-m", "benchmarks", *rest], ROOT)
    return lint(rest) if verb == "lint" else lock(rest)


def stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)  # so that a pip under way is ended too
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"dev.py: {trouble}")
    except KeyboardInterrupt:
        say("interrupted; the next call goes on from here")
        sys.exit(130)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit("dev.py: the disk is full; make room and run this again")
