"""The table of ops, filled by the family files as they are imported."""

from typing import Any

from engine.errors import EngineError
from engine.ops.op import Op

OPS: dict[str, Op] = {}


def op(name: str, inputs: str = "x", attrs: str = "", **options: Any) -> Op:
    """Define an op and put it into the table; see Op for the options."""
    if name in OPS:
        raise EngineError(f"op {name!r} is defined twice")
    made = OPS[name] = Op(name, inputs, attrs, **options)
    return made
