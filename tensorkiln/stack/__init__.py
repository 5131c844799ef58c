"""The embedded stack: broker, API and workers as child processes of `kiln up`."""

from tensorkiln.stack.errors import StackError
from tensorkiln.stack.stack import Options, serve

__all__ = ["Options", "StackError", "serve"]
