"""The command itself, as the user can type it."""

import shlex
import shutil
import sys
from pathlib import Path


def kiln(arguments: str = "") -> str:
    """What to type in this folder for `kiln`, with these arguments: `kiln jobs list`, or
    `.venv/bin/kiln jobs list` where it was not found on PATH."""
    return f"{_program()} {arguments}".rstrip()


def _program() -> str:
    script = Path(sys.executable).with_name("kiln")
    # dev.py and `python -m` put an environment on PATH for us alone: only who typed `kiln` can type it again.
    was_typed = Path(sys.argv[0]).name == "kiln"
    found = shutil.which("kiln")
    if was_typed and found is not None and script.exists() and Path(found).samefile(script):
        return "kiln"
    if not script.exists():
        return f"{shlex.quote(sys.executable)} -m tensorkiln.cli"
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
