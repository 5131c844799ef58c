"""What functions of images, signals and volumes share: one number for each axis, and the batch axis."""

from collections.abc import Sequence
from operator import index
from typing import Any

from engine.errors import DTypeError, ShapeError
from engine.tensor import Tensor

Each = int | Sequence[int]
LETTERS = {1: "L", 2: "H, W", 3: "D, H, W"}


def per_axis(name: str, what: str, value: Any, axes: int, least: int) -> tuple[int, ...]:
    """An argument as one integer for each spatial axis; one number, or a list of one, stands for all."""
    try:
        given = tuple([index(n) for n in (value if isinstance(value, Sequence) else [value])])
    except TypeError:
        given = ()
    if len(given) not in (1, axes):
        several = f", or {axes} of them, one for each of the axes {LETTERS[axes]}" if axes > 1 else ""
        raise ShapeError(f"{name}: {what} must be an integer{several}, not {value!r}")
    if min(given) < least:
        raise ShapeError(f"{name}: {what} must be at least {least}, not {value!r}")
    return given if len(given) == axes else given * axes


def batched(name: str, input: Tensor, axes: int) -> Tensor:
    """[N, C, *S], an axis of 1 having been added in front of [C, *S]."""
    if input.ndim == axes + 2:
        return input
    if input.ndim != axes + 1:
        raise ShapeError(
            f"{name}: input {list(input.shape)} has {counted(input.ndim)}; it takes [N, C, {LETTERS[axes]}], "
            f"or [C, {LETTERS[axes]}] for one sample without a batch axis{_advice(input, axes)}"
        )
    return input.unsqueeze(0)


def counted(axes: int) -> str:
    return "1 axis" if axes == 1 else f"{axes} axes"


def _advice(input: Tensor, axes: int) -> str:
    if input.ndim == axes:
        return "; x.unsqueeze(0) gives it one channel"
    return ""


def floating(name: str, input: Tensor) -> None:
    if not input.is_floating_point():
        raise DTypeError(f"{name} needs a floating-point tensor, not {input.dtype}; convert it with .float()")
