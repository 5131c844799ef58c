"""`kiln up` and `kiln demo`: the embedded stack in the terminal."""

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.text import Text

from tensorkiln.cli import exits
from tensorkiln.cli.command import kiln
from tensorkiln.cli.options import Home
from tensorkiln.cli.output import complain, data_json, screen
from tensorkiln.homes import home_path
from tensorkiln.stack import Options, Running, StackError, serve
from tensorkiln.stack.errors import BadSetting, ChildFailed
from tensorkiln.version import __version__


class UpScreen:
    """How `kiln up` looks: a line per step, the banner, then the log; `quiet` drops all but warnings."""

    def __init__(self, console: Console, *, quiet: bool, json: bool) -> None:
        self._console = console
        self._quiet = quiet
        self._json = json
        self.journal_terminal: TextIO | None = None if quiet else sys.stderr
        self.journal_colour = console.is_terminal and not console.no_color
        self._is_introduced = False

    def warn(self, text: str) -> None:
        self._console.print(Text.assemble(("  ! ", "bold yellow"), text))

    def step(self, name: str, detail: str, took_s: float) -> None:
        if not self._is_introduced:
            self._say("kiln", __version__, "bold")
            self._is_introduced = True
        self._say_line(("  ✓ ", "green"), f"{name:<9} {detail}", (f"  {took_s:.1f} s", "dim"))

    def ready(self, running: Running, took_s: float) -> None:
        if self._json:
            data_json(dataclasses.asdict(running))
        self._say_line("")
        self._say_line((f"Ready in {took_s:.1f} s", "bold green"), ". Ctrl-C stops it.")
        for name, value in (
            ("API", f"{running.url}/v1"),
            ("Docs", running.docs),
            ("Home", running.home),
            ("Log", running.log),
            ("Submit", kiln("jobs submit job.json --watch")),
        ):
            self._say(f"  {name:<7}", value, "dim")
        self._say_line("")

    def stopping(self, reason: str) -> None:
        if self._console.is_terminal:
            self._say_line("")  # the terminal has echoed ^C
        self._say_line(f"Stopping{f' ({reason})' if reason else ''} …")

    def stopped(self, took_s: float) -> None:
        self._say_line(f"Stopped in {took_s:.1f} s; nothing is left running.")

    def _say(self, name: str, value: str, style: str) -> None:
        self._say_line((name, style), f" {value}")

    def _say_line(self, *parts: str | tuple[str, str]) -> None:
        if not self._quiet:
            self._console.print(Text.assemble(*parts))


def up(
    home: Home = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port of the API; 0 takes any that is free. Default: KILN_PORT, else 8712.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show warnings only; the log is in the home.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line on stdout when ready.")] = False,
) -> None:
    """Start the whole service on this machine: broker, API and workers, until Ctrl-C.

    Ctrl-C, SIGTERM or SIGHUP end it in order within 5 s, with exit status 0; a second Ctrl-C at once.
    """
    options = Options(home_path(home), host, port, workers)
    try:
        serve(options, UpScreen(screen(), quiet=quiet, json=json))
    except BadSetting as fault:
        complain(str(fault))
        raise typer.Exit(exits.USAGE) from None
    except StackError as fault:
        complain(str(fault))
        for line in fault.lines if isinstance(fault, ChildFailed) else ():
            screen().print(Text(f"  | {line}", "dim"))
        raise typer.Exit(exits.FAILED) from None


def demo(
    out: Annotated[Path, typer.Option(help="Folder for weights, job, result and curve.")] = Path("kiln-demo"),
    home: Annotated[
        Path | None,
        typer.Option(help="Home of the demo's own kiln. Default: a temporary one.", show_default=False),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
    ] = False,
) -> None:
    """Train a small network on handwritten digits, from an empty home to verified weights."""
    from tensorkiln.demo import run

    raise typer.Exit(run(out, home, json=json))
