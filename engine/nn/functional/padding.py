"""Laying elements around a tensor: a constant, mirror images, copies of the edge, or the other end."""

from collections.abc import Sequence
from operator import index

from engine.autograd.tape import unary
from engine.errors import ShapeError
from engine.ops import sampling as ops
from engine.tensor import Tensor
from engine.tensor.casting import under_autocast, widened
from engine.tensor.shapes import cat, expand, flip, narrow

__all__ = ["pad"]

MODES = ("constant", "reflect", "replicate", "circular")


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """input with `pad` elements more before and after its last axes; a negative number takes away.

    pad: before and after for the last axis, then for the one before it, and so on
    mode: "constant" (`value`, else 0); "reflect" (mirrored at the edge element), "replicate" (the edge
        element) and "circular" (the other end), which take the last one to three axes of a tensor that
        has one or two more
    Raises ShapeError where the axes aren't there, or are shorter than what is to be mirrored or wrapped.
    """
    if mode not in MODES:
        raise ShapeError(f"pad: mode must be one of {', '.join(MODES)}, not {mode!r}")
    widths = tuple([index(n) for n in pad])
    axes = len(widths) // 2
    if len(widths) % 2 or axes > input.ndim:
        raise ShapeError(
            f"pad: {list(widths)} must give two numbers for each axis, the last axis first, for at most the "
            f"{input.ndim} axes of input {list(input.shape)}"
        )
    # by axis, first to last
    sides = tuple((widths[2 * k], widths[2 * k + 1]) for k in reversed(range(axes)))
    left = [n + a + b for n, (a, b) in zip(input.shape[input.ndim - axes :], sides, strict=True)]
    if any(n < 0 for n in left):
        raise ShapeError(f"pad: {list(widths)} takes more away than input {list(input.shape)} has")
    if mode == "constant":
        return _constant(input, sides, 0 if value is None else value)
    if value is not None:
        raise ShapeError(f"pad: value {value} goes with mode 'constant', not with {mode!r}")
    if not 1 <= axes <= 3 or input.ndim - axes not in (1, 2):
        raise ShapeError(
            f"pad: {list(widths)} with mode {mode!r} takes a tensor of {axes + 1} or {axes + 2} axes, not "
            f"{list(input.shape)}; with mode 'constant' any"
        )
    if under_autocast() and (mode == "replicate" or (mode == "reflect" and axes < 3)):
        # as PyTorch's autocast does, which leaves the other modes alone
        input = widened(input)
    for k, (before, after) in enumerate(sides):
        input = _along(input, input.ndim - axes + k, before, after, mode)
    return input


def _constant(x: Tensor, sides: tuple[tuple[int, int], ...], value: float) -> Tensor:
    lead = x.ndim - len(sides)
    for k, (before, after) in enumerate(sides):
        x = _cropped(x, lead + k, max(-before, 0), max(-after, 0))
    added = tuple((max(before, 0), max(after, 0)) for before, after in sides)
    if not any(before or after for before, after in added):
        return x.clone() if not any(before or after for before, after in sides) else x
    return unary(ops.PAD, x, (((0, 0),) * lead + added, value))


def _along(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    a, b = max(before, 0), max(after, 0)
    if mode == "circular":
        x = _cropped(x, axis, max(-before, 0), max(-after, 0))
    size = x.shape[axis]
    most = {"reflect": size - 1, "replicate": max(a, b) if size else 0, "circular": size}[mode]
    if max(a, b) > most:
        raise ShapeError(
            f"pad: mode {mode!r} has {most} elements to lay before and after axis {axis} of shape "
            f"{list(x.shape)}, fewer than {max(a, b)}"
        )
    parts = []
    if a:
        parts.append(_beside(x, axis, mode, 1 if mode == "reflect" else size - a, a, edge=0))
    parts.append(x)
    if b:
        parts.append(_beside(x, axis, mode, size - 1 - b if mode == "reflect" else 0, b, edge=size - 1))
    if a or b:
        x = cat(parts, axis)
    return x if mode == "circular" else _cropped(x, axis, max(-before, 0), max(-after, 0))


def _beside(x: Tensor, axis: int, mode: str, start: int, count: int, edge: int) -> Tensor:
    """What comes on one side: `count` elements from `start`, mirrored or not, or the edge repeated."""
    if mode == "replicate":
        return expand(narrow(x, axis, edge, 1), [count if k == axis else -1 for k in range(x.ndim)])
    part = narrow(x, axis, start, count)
    return flip(part, axis) if mode == "reflect" else part


def _cropped(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    return narrow(x, axis, before, x.shape[axis] - before - after) if before or after else x
