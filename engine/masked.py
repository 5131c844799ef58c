"""Reductions and normalisations that leave out the elements where a mask is False, as in torch.masked.

The mask is a bool tensor that broadcasts to the input's shape; None leaves nothing out. Where everything is
left out, sums give 0, products 1, extremes an infinity, means and medians NaN.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.dtypes import DType, float32, int64
from engine.errors import DTypeError, ShapeError
from engine.tensor import Tensor, orders, reductions
from engine.tensor.arithmetic import where
from engine.tensor.axes import Dim, axes, axis
from engine.tensor.creation import full_like, new_ones
from engine.tensor.distances import vector_norm
from engine.tensor.promotion import cast
from engine.tensor.refusals import explain
from engine.tensor.shapes import expand
from engine.tensor.statistics import nanmedian
from engine.tensor.transcendental import logaddexp as _logaddexp

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "normalize",
    "prod",
    "softmax",
    "softmin",
    "std",
    "sum",
    "var",
]


def _mask(input: Tensor, mask: Tensor) -> Tensor:
    """The mask in the input's shape."""
    if mask._data.dtype.kind != "b":
        raise DTypeError(f"a mask is a bool tensor, True where elements count, not {mask.dtype}")
    if mask.ndim > input.ndim:
        raise ShapeError(f"a mask of shape {mask.shape} has more axes than the input, {input.shape}")
    return expand(mask, input.shape)


def _filled(input: Tensor, mask: Tensor | None, value: float) -> Tensor:
    """`value` where elements don't count."""
    return input if mask is None else where(_mask(input, mask), input, full_like(input.detach(), value))


def _limit(input: Tensor, sign: int) -> Any:
    """What no element exceeds: an infinity, or the last integer."""
    if input.is_complex():
        raise DTypeError(f"complex numbers have no order, and the input is {input.dtype}; take abs()")
    if input.is_floating_point():
        return sign * math.inf
    limits = np.iinfo(input._data.dtype)
    return int(limits.max if sign > 0 else limits.min)


def _to(out: Tensor, dtype: DType | None) -> Tensor:
    return out if dtype is None else cast(out, dtype)


def sum(
    input: Tensor,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    return reductions.sum(_filled(input, mask, 0), dim, keepdim, dtype=dtype)


def prod(
    input: Tensor,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    out = _to(_filled(input, mask, 1), dtype)
    if not out.ndim:
        return orders.prod(out)
    # from the last axis on, so that the others keep their numbers
    for at in reversed(axes(dim, out.ndim)):
        out = orders.prod(out, at, keepdim)
    return out


def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    return cast(reductions.cumsum(_filled(input, mask, 0), dim, dtype=dtype), dtype or input.dtype)


def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    return cast(orders.cumprod(_filled(input, mask, 1), dim, dtype=dtype), dtype or input.dtype)


def amax(
    input: Tensor,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    return _to(reductions.amax(_filled(input, mask, _limit(input, -1)), dim, keepdim), dtype)


def amin(
    input: Tensor,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    return _to(reductions.amin(_filled(input, mask, _limit(input, 1)), dim, keepdim), dtype)


def argmax(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The index of the first largest element that counts; as in PyTorch, in the input's dtype."""
    found = reductions.argmax(_filled(input, mask, _limit(input, -1)), dim, keepdim)
    return cast(found, dtype or input.dtype)


def argmin(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The index of the first smallest element that counts; as in PyTorch, in the input's dtype."""
    found = reductions.argmin(_filled(input, mask, _limit(input, 1)), dim, keepdim)
    return cast(found, dtype or input.dtype)


def _count(input: Tensor, dim: Dim, keepdim: bool, mask: Tensor | None) -> Tensor:
    counted = new_ones(input, input.shape, dtype=int64) if mask is None else _mask(input, mask)
    return reductions.sum(counted, dim, keepdim)


def mean(
    input: Tensor,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    if not (dtype or input.dtype).is_floating_point:
        raise DTypeError(f"mean needs a floating-point dtype, not {dtype or input.dtype}; pass dtype=")
    return sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask) / _count(input, dim, keepdim, mask)


def median(
    input: Tensor,
    dim: int = -1,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The lower median along `dim`; of integers where something counts in each row."""
    whole = not input.is_floating_point()
    x = cast(input, float32) if whole else input
    out: Tensor = nanmedian(_filled(x, mask, math.nan), axis(dim, input.ndim), keepdim).values
    if not whole:
        return out
    if out.isnan().any():
        raise ShapeError("median of integers: in some row everything is masked out, and there is no NaN")
    return cast(out, dtype or input.dtype)


def logsumexp(
    input: Tensor,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    out = reductions.logsumexp(_filled(input, mask, _limit(input, -1)), dim, keepdim)
    return cast(out, dtype or input.dtype)


def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: DType | None = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    a, b = _filled(input, input_mask, _limit(input, -1)), _filled(other, other_mask, _limit(other, -1))
    return cast(_logaddexp(a, b), dtype or input.dtype)


def norm(
    input: Tensor,
    ord: float = 2.0,
    dim: Dim = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The vector norm over axes."""
    nothing = math.inf if ord == -math.inf else 0
    return vector_norm(_to(_filled(input, mask, nothing), dtype), ord, dim, keepdim)


def var(
    input: Tensor,
    dim: Dim = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The mean squared deviation of what counts, divided by the count - correction (default 1)."""
    if unbiased is not None and correction is not None:
        raise DTypeError("var: give unbiased or correction, not both")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    computed = dtype or input.dtype
    if input.is_complex():
        raise DTypeError(f"masked var and std are written for real numbers, not {input.dtype}")
    x = cast(input, computed if computed.is_floating_point else float32)
    count = _count(input, dim, True, mask)
    centred = x - sum(x, dim, keepdim=True, mask=mask) / count
    total = sum(centred * centred, dim, keepdim=keepdim, mask=mask)
    degrees = (cast(count, x.dtype) - correction).clamp(min=0)
    out = total / degrees.reshape(total.shape)
    return _to(out, dtype)


def std(
    input: Tensor,
    dim: Dim = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The square root of var."""
    return var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask).sqrt()


def softmax(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    return reductions.softmax(_filled(input, mask, _limit(input, -1)), dim, dtype)


def log_softmax(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    return reductions.log_softmax(_filled(input, mask, _limit(input, -1)), dim, dtype)


def softmin(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    return reductions.softmax(-_filled(input, mask, _limit(input, 1)), dim, dtype)


def normalize(
    input: Tensor,
    ord: float,
    dim: int,
    *,
    eps: float = 1e-12,
    dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The input divided by its norm along `dim`, which is at least eps."""
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return _filled(input, mask, 0) / length.maximum(full_like(length.detach(), eps))


explain(globals(), __all__)
