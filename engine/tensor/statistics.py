"""Order statistics and covariances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd.tape import Variable
from engine.dtypes import int64
from engine.errors import DTypeError, ShapeError
from engine.tensor.arithmetic import where
from engine.tensor.axes import axis
from engine.tensor.creation import arange, full_like, tensor
from engine.tensor.indexing import gather
from engine.tensor.orders import cummax, evenly, sort
from engine.tensor.promotion import cast, floating
from engine.tensor.reductions import ValuesIndices, mean
from engine.tensor.reductions import sum as sum_
from engine.tensor.shapes import cat, expand, movedim, narrow, reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "corrcoef",
    "cov",
    "mode",
    "nanmedian",
    "nanquantile",
    "quantile",
]


def quantile(
    input: Tensor,
    q: float | Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The q-quantiles along `dim`, or of all elements; a vector of q gives a new first axis.

    interpolation: between the two neighbours: "linear", "lower", "higher", "nearest" or "midpoint"
    NaN where there is one.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


def nanquantile(
    input: Tensor,
    q: float | Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The quantiles of what isn't NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _quantile(
    name: str, input: Tensor, q: float | Tensor, dim: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise DTypeError(
            f"{name}: interpolation must be 'linear', 'lower', 'higher', 'midpoint' or 'nearest', not "
            f"{interpolation!r}"
        )
    if not input.is_floating_point():
        raise DTypeError(f"{name} needs a floating-point tensor, not {input.dtype}; convert it with .float()")
    wanted = q if isinstance(q, Variable) else tensor(q, dtype=input.dtype, device=input.device)
    if wanted.ndim > 1 or wanted.dtype is not input.dtype:
        raise DTypeError(
            f"{name}: q must be a number or a vector of {input.dtype}, not {wanted.dtype} {wanted.shape}"
        )
    if input.numel() == 0:
        raise ShapeError(f"{name}: there are no elements in shape {input.shape}")
    if not isinstance(q, Variable) and not 0 <= q <= 1:
        raise ShapeError(f"{name}: q must lie in [0, 1], and is {q}")
    rank = input.ndim
    at = 0 if dim is None else axis(dim, rank)
    flat = reshape(input, -1) if dim is None or rank == 0 else movedim(input, at, -1)
    ordered = sort(flat, -1).values
    last = ordered.shape[-1] - 1
    # [..., Q]
    points = reshape(wanted, -1)
    missing = flat.isnan()
    if name == "quantile":
        place = expand(points * last, (*ordered.shape[:-1], points.numel()))
        # NaN comes last
        place = where(missing.any(-1, keepdim=True), float(last), place)
    else:
        count = cast(sum_(missing.logical_not(), -1, True), input.dtype)
        place = (points * (count - 1)).clamp(min=0.0)
    if interpolation in ("lower", "higher", "nearest"):
        whole = {"lower": place.floor, "higher": place.ceil, "nearest": place.round}[interpolation]()
        out = gather(ordered, -1, cast(whole, int64))
    else:
        below, above = cast(place.floor(), int64), cast(place.ceil(), int64)
        low, high = gather(ordered, -1, below), gather(ordered, -1, above)
        weight = 0.5 if interpolation == "midpoint" else place - below
        # towards the nearer end, so that equal neighbours give themselves exactly
        out = (
            where(place - below < 0.5, low + (high - low) * weight, high - (high - low) * (1 - weight))
            if interpolation == "linear"
            else low + (high - low) * weight
        )
    out = movedim(out, -1, 0)
    if keepdim:
        shape = (1,) * rank if dim is None else tuple(1 if k == at else n for k, n in enumerate(input.shape))
        out = reshape(out, (points.numel(), *shape))
    return out if wanted.ndim else squeeze(out, 0)


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of what isn't NaN, the lower of two; along `dim` with its index."""
    if dim is None and input._requires:
        return evenly(input, nanmedian(input.detach()))
    x = reshape(input, -1) if dim is None else input
    at = 0 if dim is None else axis(dim, x.ndim)
    if x.ndim == 0:
        return ValuesIndices(x.clone(), full_like(x, 0, dtype=int64))
    found = sort(x, at)
    there = sum_(x.isnan().logical_not(), at, True)
    place = (there - 1).clamp(min=0).div(2, rounding_mode="floor")
    values, indices = gather(found.values, at, place), gather(found.indices, at, place)
    if dim is None:
        return reshape(values, ())
    return ValuesIndices(*[each if keepdim else squeeze(each, at) for each in (values, indices)])


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """The most frequent value along `dim`, the smallest of several, and the last index where it is."""
    at = axis(dim, input.ndim)
    if input.ndim == 0:
        return ValuesIndices(input.clone(), full_like(input, 0, dtype=int64))
    size = input.shape[at]
    if size == 0:
        raise ShapeError(f"mode: axis {at} of {input.shape} has no elements")
    values, indices = sort(input, at)
    steps = reshape(arange(size, device=input.device), [-1 if k == at else 1 for k in range(input.ndim)])
    same = narrow(values, at, 1, size - 1) == narrow(values, at, 0, size - 1)
    begins = cat([narrow(values, at, 0, 1) != narrow(values, at, 0, 1), same], at).logical_not()
    # how long the run of equal values is up to here; its first maximum ends the run that is looked for
    run = steps - cummax(where(begins, steps, 0), at).values
    place = run.argmax(at, keepdim=True)
    out = gather(values, at, place), gather(indices, at, place)
    return ValuesIndices(*[each if keepdim else squeeze(each, at) for each in out])


def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariance matrix of variables in rows, observations in columns; of a vector its variance.

    fweights: how often each observation counts (integers); aweights: how much
    """
    if input.ndim > 2:
        raise ShapeError(f"cov takes at most two axes, variables and observations, not {input.shape}")
    x = reshape(floating(input), (1, -1)) if input.ndim < 2 else floating(input)
    count = x.shape[1]
    for name, each, floats in (("fweights", fweights, False), ("aweights", aweights, True)):
        if each is not None:
            _check_weights(name, each, count, floats)
    if fweights is None and aweights is None:
        centred = x - (mean(x, 1, True) if count else 0)
        product, total = centred @ centred.mT, max(count - correction, 0)
        return _squeezed(product / total if total else product * float("nan"))
    given = [reshape(each, -1) for each in (fweights, aweights) if each is not None]
    weights = given[0] if len(given) == 1 else given[0] * given[1]
    whole = sum_(weights)
    centred = x - sum_(x * weights, 1, True) / whole
    lost = correction * sum_(weights * aweights) / whole if aweights is not None else correction
    return _squeezed((centred * weights) @ centred.mT / (whole - lost).clamp(min=0))


def _check_weights(name: str, given: Tensor, count: int, floats: bool) -> None:
    if given.ndim > 1 or given.numel() != count:
        raise ShapeError(
            f"cov: {name} {given.shape} must be a vector, a number for each of {count} observations"
        )
    if given.is_floating_point() is not floats:
        raise DTypeError(f"cov: {name} are {given.dtype}; fweights are integers, aweights floats")
    if (given < 0).any():
        raise ShapeError(f"cov: {name} must not be negative")


def _squeezed(covariance: Tensor) -> Tensor:
    """The variance of a single variable without axes."""
    return reshape(covariance, ()) if covariance.numel() == 1 else covariance


def corrcoef(input: Tensor) -> Tensor:
    """Pearson's correlation coefficients of variables in rows, within [-1, 1]."""
    covariance = cov(input)
    if covariance.ndim == 0:
        return covariance / covariance
    deviation = covariance.diagonal().sqrt()
    return (covariance / unsqueeze(deviation, 1) / unsqueeze(deviation, 0)).clamp(-1, 1)
