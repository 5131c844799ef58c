"""Placing elements by index with a reduction, and into the flattened tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.autograd.tape import apply
from engine.errors import DTypeError
from engine.ops.scattering import SCATTER_REDUCE
from engine.tensor.arithmetic import where
from engine.tensor.axes import axis
from engine.tensor.creation import arange, full_like, new_ones, new_zeros
from engine.tensor.indexing import getitem, scatter_add
from engine.tensor.placing import along, scatter, with_axis
from engine.tensor.promotion import cast
from engine.tensor.shapes import expand, reshape

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "index_put",
    "index_reduce",
    "put",
    "scatter_reduce",
]


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """input reduced, place by place, with the elements of src at index along `dim`.

    reduce: "sum", "prod", "mean", "amax" or "amin"
    include_self: whether input's own elements count; places that index doesn't name keep them anyway
    src may reach beyond index. Equal extremes share the gradient.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise DTypeError(
            f"scatter_reduce: reduce must be 'sum', 'prod', 'mean', 'amax' or 'amin', not {reduce!r}"
        )
    if src.dtype is not input.dtype:
        raise DTypeError(f"scatter_reduce: input is {input.dtype} and src {src.dtype}; make them the same")
    x, places, source = with_axis(input, index, src)
    at = axis(dim, x.ndim)
    if places.numel() == 0:
        return input.clone()
    source = getitem(source, tuple(slice(n) for n in places.shape))
    ones = new_ones(x, places.shape)
    hit = (
        scatter_add(new_zeros(x, x.shape), at, places, ones) if reduce == "mean" or not include_self else None
    )
    if hit is not None and not include_self:
        x = _without(x, hit != 0, reduce)
    if reduce in ("sum", "mean"):
        out = scatter_add(x, at, places, source)
    else:
        out = apply(SCATTER_REDUCE, (x, places, source), (at, reduce))
    if hit is not None and reduce == "mean":
        counts = hit + 1 if include_self else hit.clamp(min=1)
        out = out / counts if out.is_floating_point() else out.div(counts, rounding_mode="floor")
    return reshape(out, input.shape)


def _without(x: Tensor, hit: Tensor, reduce: str) -> Tensor:
    """x with something that doesn't count where elements of source arrive."""
    if reduce in ("sum", "mean", "prod"):
        neutral: Any = 1 if reduce == "prod" else 0
    elif x.is_floating_point():
        neutral = -math.inf if reduce == "amax" else math.inf
    elif x._data.dtype.kind == "b":
        neutral = reduce == "amin"
    else:
        limits = np.iinfo(x._data.dtype)
        neutral = int(limits.min if reduce == "amax" else limits.max)
    return where(hit, full_like(x, neutral), x)


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """scatter_reduce at a vector of indices along `dim`; reduce: "prod", "mean", "amax" or "amin"."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise DTypeError(f"index_reduce: reduce must be 'prod', 'mean', 'amax' or 'amin', not {reduce!r}")
    x, new = with_axis(input, source)
    at = axis(dim, x.ndim)
    out = scatter_reduce(x, at, along(x, at, index), new, reduce, include_self=include_self)
    return reshape(out, input.shape)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """input with source at (or, accumulating, added at) indices into the flattened tensor."""
    flat = reshape(input, -1)
    places, new = reshape(index, -1), reshape(source, -1)
    if source.dtype is not input.dtype:
        raise DTypeError(f"put: input is {input.dtype} and source {source.dtype}; make them the same")
    if places.numel() == 0:
        return input.clone()
    wrapped = where(places < 0, places + flat.numel(), places)
    out = scatter_add(flat, 0, wrapped, new) if accumulate else scatter(flat, 0, wrapped, new)
    return reshape(out, input.shape)


def index_put(input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False) -> Tensor:
    """input with values at (or, accumulating, added at) input[indices]; values broadcast to that shape."""
    key = tuple(slice(None) if part is None else part for part in indices)
    numbers = reshape(arange(input.numel(), device=input.device), input.shape)
    places = getitem(numbers, key)
    return put(input, places, expand(cast(values, input.dtype), places.shape), accumulate)
