"""The embedded stack: broker, API and workers as child processes of `kiln up`."""

from tensorkiln.stack.errors import StackError
from tensorkiln.stack.stack import Options, Running, Screen, serve

__all__ = ["Options", "Running", "Screen", "StackError", "serve"]
