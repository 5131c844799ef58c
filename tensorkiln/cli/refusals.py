"""What the service says no with, in the words of the command line instead of HTTP's."""

from tensorkiln.cli.command import kiln
from tensorkiln.errors import APIError


def told(fault: APIError) -> str:
    """The refusal's own sentence, without its problems."""
    message = str(fault.args[0])
    count = len(fault.problems)
    if count and "`errors` lists them" in message:
        return f"{count} faults:" if count > 1 else "1 fault:"
    return message.replace("GET /v1/jobs lists them", f"`{kiln('jobs list')}` lists them")


def told_whole(fault: APIError) -> str:
    """The same with its problems, a line each."""
    return "\n  ".join([told(fault), *map(str, fault.problems)])
