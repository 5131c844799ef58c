"""Slices that are taken together, and whose gradients are put together at once."""

from collections.abc import Sequence
from typing import Any

from engine.autograd.mode import MODE
from engine.autograd.tape import V, record, viewed
from engine.ops import Op
from engine.ops.shapes import SLICE


def viewed_in_pieces(op: Op, x: V, attrs: tuple[Any, ...], keys: Sequence[tuple[Any, ...]]) -> tuple[V, ...]:
    """A slice of a tensor for each key; to the graph they are the results of one op."""
    if not (x._requires and MODE.enabled):
        return tuple([viewed(SLICE, x, (key,)) for key in keys])
    MODE.enabled = False
    try:
        pieces = tuple([viewed(SLICE, x, (key,)) for key in keys])
    finally:
        MODE.enabled = True
    record(op, (x,), attrs, pieces)
    return pieces
