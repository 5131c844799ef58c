"""The `kiln` command."""

from tensorkiln.cli.app import main

__all__ = ["main"]
