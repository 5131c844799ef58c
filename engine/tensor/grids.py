"""Tensors of coordinates, powers and scales, and shapes that broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.device import Device
from engine.dtypes import DType, float64, get_default_dtype, int64
from engine.errors import ShapeError
from engine.tensor.arithmetic import where
from engine.tensor.creation import _finish, arange, full, linspace, ones
from engine.tensor.indexing import nonzero
from engine.tensor.promotion import Number, cast
from engine.tensor.shapes import cat, narrow, transpose, tril, triu, unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "argwhere",
    "broadcast_shapes",
    "logspace",
    "nonzero_static",
    "scalar_tensor",
    "tril_indices",
    "triu_indices",
    "unravel_index",
    "vander",
]


def scalar_tensor(
    s: Number, *, dtype: DType | None = None, device: str | Device | None = None, requires_grad: bool = False
) -> Tensor:
    """A number as a zero-dimensional tensor, of the default dtype unless one is given."""
    return full((), s, dtype=dtype or get_default_dtype(), device=device, requires_grad=requires_grad)


def logspace(
    start: float | Tensor,
    end: float | Tensor,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` powers of base, from base ** start to base ** end, with evenly spaced exponents."""
    exponents = linspace(start, end, steps, dtype=float64, device=device)
    return _finish(cast(base**exponents, dtype or get_default_dtype()), requires_grad)


def broadcast_shapes(*shapes: int | Sequence[int]) -> tuple[int, ...]:
    """The shape that all of them broadcast to; an int counts as a shape of one axis."""
    given = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    if any(n < 0 for shape in given for n in shape):
        raise ShapeError(f"broadcast_shapes: no size may be negative, in {given}")
    try:
        return np.broadcast_shapes(*given)
    except ValueError:
        raise ShapeError(
            f"broadcast_shapes: {' and '.join(str(s) for s in given)} don't broadcast: sizes of an axis must "
            "be equal, or 1"
        ) from None


def _triangle(
    chosen: Any, row: int, col: int, offset: int, dtype: DType | None, device: str | Device | None
) -> Tensor:
    if row < 0 or col < 0:
        raise ShapeError(f"a matrix can't have {row} rows and {col} columns")
    found = nonzero(chosen(ones(row, col, device=device), offset))
    return cast(transpose(found, 0, 1), dtype or int64)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: str | Device | None = None
) -> Tensor:
    """[2, count] rows and columns of the elements on and below a diagonal of a [row, col] matrix."""
    return _triangle(tril, row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: str | Device | None = None
) -> Tensor:
    """[2, count] rows and columns of the elements on and above a diagonal of a [row, col] matrix."""
    return _triangle(triu, row, col, offset, dtype, device)


def argwhere(input: Tensor) -> Tensor:
    """int64 [count, axes]: where the elements aren't zero."""
    return nonzero(input)


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """nonzero() as exactly `size` rows: cut off, or filled up with fill_value."""
    if size < 0:
        raise ShapeError(f"nonzero_static: size must not be negative, and is {size}")
    found = nonzero(input)
    missing = size - found.shape[0]
    if missing <= 0:
        return narrow(found, 0, 0, size)
    return cat([found, full((missing, found.shape[1]), fill_value, dtype=int64, device=input.device)], 0)


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Coordinates, one tensor per axis, of indices into the flattened tensor of a shape."""
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes):
        raise ShapeError(f"unravel_index: no size may be negative, in {sizes}")
    if indices.is_floating_point() or indices._data.dtype.kind == "b":
        raise ShapeError(f"unravel_index: indices are integers, not {indices.dtype}")
    out: list[Tensor] = []
    rest = cast(indices, int64)
    for n in reversed(sizes):
        out.append(rest % n)
        rest = rest.div(n, rounding_mode="floor")
    return tuple(reversed(out))


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """[n, N] with the powers of a vector's elements in rows, the highest first unless increasing."""
    if x.ndim != 1:
        raise ShapeError(f"vander takes a vector, not shape {x.shape}; linalg.vander takes batches")
    powers = powers_of(x, x.shape[0] if N is None else N)
    return powers if increasing else powers.flip(-1)


def powers_of(x: Tensor, count: int) -> Tensor:
    """[..., count] with x ** 0, x ** 1, ... along a new last axis; of bool in int64."""
    if count < 0:
        raise ShapeError(f"vander: N must not be negative, and is {count}")
    base = unsqueeze(cast(x, int64) if x._data.dtype.kind == "b" else x, -1)
    exponents = arange(count, device=x.device)
    # 0 ** 0 is 1, and its derivative 0
    return where(exponents == 0, 1, base ** exponents.clamp(min=1)) if count else base[..., :0]
