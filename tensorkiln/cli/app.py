"""`kiln`: its commands, and how whatever goes wrong becomes an exit status."""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from tensorkiln.cli import exits, jobs, stack
from tensorkiln.cli.command import kiln
from tensorkiln.cli.doctor import doctor
from tensorkiln.cli.output import complain, data
from tensorkiln.cli.refusals import told_whole
from tensorkiln.errors import APIError, ConnectionFailed, KilnError
from tensorkiln.version import __version__

EXIT_STATUSES = (
    "Exit status: 0 all is well; 1 the job failed, or the service said no; 2 the command line, the file "
    "or a setting is at fault; 3 no service answers; 130 interrupted by Ctrl-C; 143 ended by SIGTERM."
)

app = typer.Typer(
    name="kiln",
    help="Training as a service: start it, send it jobs, fetch the weights.",
    epilog=EXIT_STATUSES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(jobs.app, name="jobs")
app.command()(stack.up)
app.command()(stack.demo)
app.command()(doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        data(f"kiln {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


class _Ended(BaseException):
    """A signal that ends us, made into an exception so that everything is put away on the way out."""


def _on_signal(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # once is enough: the way out must not be cut short
    raise _Ended(number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `kiln` with these arguments (default: the process's own); the exit status."""
    signal.signal(signal.SIGTERM, _on_signal)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, _on_signal)
    try:
        app(arguments, prog_name="kiln")
    except SystemExit as ended:
        return _flushed(ended.code if isinstance(ended.code, int) else exits.FAILED)
    except ConnectionFailed as fault:
        complain(str(fault), f"start one with `{kiln('up')}`, or name it with --url or KILN_URL")
        return exits.UNREACHABLE
    except APIError as fault:
        complain(told_whole(fault), f"request {fault.request_id}" if fault.request_id else "")
        return exits.FAILED
    except KilnError as fault:
        complain(str(fault))
        return exits.FAILED
    except _Ended as ended:
        return 128 + int(ended.args[0])
    return exits.OK


def _flushed(status: int) -> int:
    """The status; but a reader of ours that has gone (`kiln … | head`) is no fault worth a traceback."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
