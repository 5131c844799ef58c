"""Counting and searching: histograms, distinct elements, sorted boundaries. Nothing here has a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.autograd.tape import Variable, apply_several, binary
from engine.dtypes import INTEGER, float32, float64, int32, int64
from engine.errors import DTypeError, ShapeError
from engine.ops import scattering as ops
from engine.tensor.arithmetic import where
from engine.tensor.axes import axis
from engine.tensor.creation import linspace, new_ones, new_zeros, tensor
from engine.tensor.indexing import getitem, index_select, nonzero, operand_tensor, scatter_add
from engine.tensor.orders import diff
from engine.tensor.promotion import Number, cast, pair
from engine.tensor.reductions import any as any_
from engine.tensor.shapes import cat, movedim, narrow, reshape

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "bincount",
    "bucketize",
    "histc",
    "histogram",
    "isin",
    "searchsorted",
    "unique",
    "unique_consecutive",
]


class Histogram(NamedTuple):
    """The result of histogram."""

    hist: Tensor
    bin_edges: Tensor


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """int64 indices at which the input's elements keep the last axis of sorted_sequence sorted.

    sorted_sequence: a vector, or with the input's leading axes
    right, or side="right": behind equal elements, else before them
    sorter: the order that sorts sorted_sequence, where it isn't sorted
    """
    if side not in (None, "left", "right") or (side == "left" and right):
        raise DTypeError(f"searchsorted: side is {side!r} and right {right}; give one, 'left' or 'right'")
    if sorter is not None:
        if sorter.shape != sorted_sequence.shape:
            raise ShapeError(f"searchsorted: sorter {sorter.shape} orders {sorted_sequence.shape}")
        sorted_sequence = sorted_sequence.gather(-1, sorter)
    edges, values = pair(sorted_sequence, operand_tensor(input, sorted_sequence))
    found = binary(ops.SEARCHSORTED, edges, values, (right or side == "right",))
    return cast(found, int32) if out_int32 else found


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which boundaries (a sorted vector) each element lies; `right`: their right ends are open."""
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: the boundaries must be a vector, not of shape {boundaries.shape}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, ... occurs in a vector of integers; with weights, their sums."""
    if input.ndim != 1 or input.dtype.category != INTEGER:
        raise ShapeError(f"bincount takes a vector of integers, not {input.dtype} of shape {input.shape}")
    if minlength < 0:
        raise ShapeError(f"bincount: minlength must not be negative, and is {minlength}")
    if weights is not None and weights.shape != input.shape:
        raise ShapeError(f"bincount: weights {weights.shape} must have the input's shape {input.shape}")
    places = cast(input, int64)
    if input.numel() and int(places.min().item()) < 0:
        raise ShapeError(f"bincount: {int(places.min().item())} is negative")
    length = max(int(places.max().item()) + 1 if input.numel() else 0, minlength)
    if weights is None:
        weights = new_ones(places, places.shape)
    elif weights.dtype is not float32:
        weights = cast(weights, float64)
    counts = new_zeros(weights, length)
    return scatter_add(counts, 0, places, weights.detach()) if input.numel() else counts


def _range(input: Tensor, low: float, high: float, margin: float) -> tuple[float, float]:
    """As given; both 0 means that of the data. An empty one is widened by the margin on each side."""
    if low == high == 0 and input.numel():
        low, high = float(input.min().item()), float(input.max().item())
    if not low <= high or low in (float("-inf"), float("inf")) or high in (float("-inf"), float("inf")):
        raise ShapeError(f"a histogram needs a finite range with min <= max, not [{low}, {high}]")
    return (low - margin, high + margin) if low == high else (low, high)


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Counts of the elements in `bins` equal parts of [min, max]; both 0: the range of the data."""
    if bins <= 0:
        raise ShapeError(f"histc: bins must be positive, not {bins}")
    if not input.is_floating_point():
        raise DTypeError(f"histc needs a floating-point tensor, not {input.dtype}; convert it with .float()")
    low, high = _range(input, min, max, 1.0)
    x = reshape(input.detach(), -1)
    inside = (x >= low).logical_and(x <= high)
    place = where(inside, (x - low) / (high - low) * bins, 0.0)
    places = cast(place, int64).clamp(max=bins - 1)
    return scatter_add(new_zeros(x, bins), 0, places, cast(inside, x.dtype))


def histogram(
    input: Tensor,
    bins: int | Tensor,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Histogram:
    """Counts (or sums of weights) between bin edges, and the edges; the last bin includes its right edge.

    bins: a count, of equal bins over `range` (default: that of the data), or the edges as a vector
    density: divided by the bins' widths and the total
    """
    x = reshape(input.detach(), -1)
    if isinstance(bins, Variable):
        if range is not None:
            raise ShapeError("histogram: range is for a count of bins, and the edges are given")
        edges = bins
    else:
        least, most = range or (0.0, 0.0)
        low, high = _range(x, least, most, 0.5)
        edges = linspace(low, high, int(bins) + 1, dtype=x.dtype, device=x.device)
    last = edges.numel() - 1
    places = searchsorted(edges, x, right=True) - 1
    places = where(x == getitem(edges, -1), last - 1, places)
    inside = (places >= 0).logical_and(places < last)
    sums = cast(inside, x.dtype) if weight is None else where(inside, reshape(weight.detach(), -1), 0.0)
    hist = scatter_add(new_zeros(x, last), 0, places.clamp(0, last - 1), sums)
    if density:
        hist = hist / hist.sum() / diff(edges)
    return Histogram(hist, edges)


def isin(
    elements: Tensor | Number,
    test_elements: Tensor | Number,
    *,
    assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:
    """Whether each element is among test_elements; `invert`: whether it isn't.

    assume_unique is a hint that is never needed.
    """
    like = elements if isinstance(elements, Variable) else test_elements
    if not isinstance(like, Variable):
        raise DTypeError("isin: one of the two must be a tensor")
    x, among = pair(elements, test_elements)
    wanted = reshape(among, -1).sort().values
    if wanted.numel() == 0:
        return (new_ones(x, x.shape) if invert else new_zeros(x, x.shape)) != 0
    place = searchsorted(wanted, x).clamp(max=wanted.numel() - 1)
    found = getitem(wanted, (place,)) == x
    return found.logical_not() if invert else found


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or slices along `dim`, in ascending order (sorted=False only allows others).

    return_inverse: also where each went; return_counts: also how often each occurs
    """
    at = None if dim is None else axis(dim, input.ndim)
    values, inverse, counts = apply_several(ops.UNIQUE, (input.detach(),), (at,))
    return _chosen(values, inverse, counts, return_inverse, return_counts)


def _chosen(values: Any, inverse: Any, counts: Any, with_inverse: bool, with_counts: bool) -> Any:
    results = [values, *([inverse] if with_inverse else []), *([counts] if with_counts else [])]
    return values if len(results) == 1 else tuple(results)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or slices along `dim`, without those that equal the one before."""
    x = reshape(input.detach(), -1) if dim is None else movedim(input.detach(), dim, 0)
    size = x.shape[0] if x.ndim else 1
    if size == 0:
        none = new_zeros(input, 0, dtype=int64)
        return _chosen(
            x if dim is None else input.detach(),
            none if dim is not None else none.reshape(input.shape),
            none,
            return_inverse,
            return_counts,
        )
    rows = reshape(x, (size, -1))
    differs = any_(narrow(rows, 0, 1, size - 1) != narrow(rows, 0, 0, size - 1), 1)
    first = cat([tensor([True], device=input.device), differs])
    starts = reshape(nonzero(first), -1)
    counts = diff(cat([starts, tensor([size], device=input.device)]))
    inverse = cast(first, int64).cumsum(0) - 1
    values = index_select(x, 0, starts)
    if dim is None:
        return _chosen(values, inverse.reshape(input.shape), counts, return_inverse, return_counts)
    return _chosen(movedim(values, 0, dim), inverse, counts, return_inverse, return_counts)
