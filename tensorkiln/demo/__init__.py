"""`kiln demo`: the whole service on this machine, one job through it, verified weights in a folder."""

from tensorkiln.demo.demo import run

__all__ = ["run"]
