"""Why the stack cannot run.

    StackError
    ├── HomeBusy        another kiln holds this home
    ├── PortTaken       something listens on the port
    ├── NoBroker        no Redis-protocol server is to be found
    ├── BadSetting      a KILN_ variable is at fault
    └── ChildFailed     a process of the stack does not stay up; carries its last lines

The message is what the user reads: what is wrong, and what to do.
"""

from collections.abc import Sequence


class StackError(Exception):
    """Base class; raised with a message for the user."""


class HomeBusy(StackError):
    """Another kiln holds this home."""


class PortTaken(StackError):
    """Something listens on the port already."""


class NoBroker(StackError):
    """No Redis-protocol server is to be found."""


class BadSetting(StackError):
    """A KILN_ variable is at fault."""


class ChildFailed(StackError):
    """A process of the stack does not stay up. `lines` are the last that it wrote; `status` is that
    of its exit, negative for a signal, None where it did not come to one."""

    def __init__(self, message: str, lines: Sequence[str] = (), status: int | None = None) -> None:
        super().__init__(message)
        self.lines = tuple(lines)
        self.status = status
