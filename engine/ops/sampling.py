"""Ops that lay elements around a tensor."""

from typing import Any

from engine.ops.op import Op
from engine.ops.shapes import SLICE
from engine.ops.table import op


def _middle(g: Any, x_shape: tuple[int, ...], widths: tuple[tuple[int, int], ...]) -> Any:
    return SLICE(g, tuple(slice(a, a + n) for (a, _), n in zip(widths, x_shape, strict=True)))


# `widths`: how many elements of `value` before and after each axis
PAD: Op = op("pad", "x", "widths value", vjp=(_middle,))
