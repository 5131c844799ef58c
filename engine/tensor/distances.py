"""Norms, distances, cross products and numerical derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd.tape import Variable, unary
from engine.errors import DTypeError, ShapeError
from engine.ops.scans import VECTOR_NORM
from engine.tensor.arithmetic import where
from engine.tensor.axes import Dim, axes, axis
from engine.tensor.blocks import broadcast_tensors, roll
from engine.tensor.orders import diff
from engine.tensor.promotion import require_floating
from engine.tensor.shapes import cat, narrow, reshape, unsqueeze

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "cdist",
    "cross",
    "gradient",
    "renorm",
]


def vector_norm(x: Tensor, p: float, dim: Dim = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p) over axes; inf and -inf: the extreme absolute value, 0: the count of non-zeros."""
    require_floating("a norm", x)
    return unary(VECTOR_NORM, x, (float(p), axes(dim, x.ndim), keepdim))


def cdist(
    x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary"
) -> Tensor:
    """[..., P, R] with the p-norm distances of the rows of x1 [..., P, M] and x2 [..., R, M].

    compute_mode: PyTorch's choice of an algorithm; the distances are always computed from differences.
    The gradient between equal rows is 0.
    """
    modes = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
    if compute_mode not in modes:
        raise DTypeError(f"cdist: compute_mode must be one of {modes}, not {compute_mode!r}")
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist takes [..., P, M] and [..., R, M] with equal M, not {x1.shape} and {x2.shape}"
        )
    if p < 0:
        raise ShapeError(f"cdist: p must not be negative, and is {p}")
    return vector_norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1)


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each index of `dim` scaled down, where its p-norm is above maxnorm, to that norm."""
    at = axis(dim, input.ndim)
    if input.ndim < 2 or p <= 0 or maxnorm < 0:
        raise ShapeError(
            f"renorm takes at least two axes, p > 0 and maxnorm >= 0, not {input.shape}, {p} and {maxnorm}"
        )
    norms = vector_norm(input, p, [k for k in range(input.ndim) if k != at], True)
    # PyTorch's guard against a division by 0
    return input * where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product of vectors along `dim` (default: the first axis of size 3); others broadcast."""
    if input.ndim != other.ndim:
        raise ShapeError(f"cross takes tensors of as many axes, not {input.shape} and {other.shape}")
    a, b = broadcast_tensors(input, other)
    if dim is None:
        if 3 not in a.shape:
            raise ShapeError(f"cross: no axis of {a.shape} has size 3")
        at = a.shape.index(3)
    else:
        at = axis(dim, a.ndim)
    if input.shape[at] != 3 or other.shape[at] != 3:
        raise ShapeError(f"cross: axis {at} of {input.shape} and {other.shape} must have size 3")
    return roll(a, -1, at) * roll(b, -2, at) - roll(a, -2, at) * roll(b, -1, at)


def gradient(
    input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Derivatives along axes by central differences, one-sided of first or second order at the edges.

    spacing: the distance of neighbours, or per axis a distance or a vector of coordinates
    Returns one tensor per axis of `dim` (default: all).
    """
    if edge_order not in (1, 2):
        raise ShapeError(f"gradient: edge_order must be 1 or 2, not {edge_order}")
    named = range(input.ndim) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    along = [axis(d, input.ndim) for d in named]
    if len(set(along)) != len(along):
        raise ShapeError(f"gradient: an axis appears twice in {tuple(named)}")
    if spacing is None:
        steps: list[Any] = [1.0] * len(along)
    elif isinstance(spacing, int | float):
        steps = [spacing] * len(along)
    else:
        steps = list(spacing)
    if len(steps) != len(along):
        raise ShapeError(f"gradient: {len(steps)} spacings are given for {len(along)} axes")
    return tuple(_derivative(input, at, step, edge_order) for at, step in zip(along, steps, strict=True))


def _derivative(x: Tensor, at: int, spacing: Any, edge_order: int) -> Tensor:
    size = x.shape[at]
    if size < edge_order + 1:
        raise ShapeError(f"gradient: axis {at} of {x.shape} needs at least {edge_order + 1} elements")
    slopes = diff(x, 1, at)
    shape = [-1 if k == at else 1 for k in range(x.ndim)]
    if isinstance(spacing, Variable):
        if spacing._data.shape != (size,):
            raise ShapeError(f"gradient: {spacing._data.shape} coordinates for axis {at} of size {size}")
        widths: Any = reshape(diff(spacing), shape)  # type: ignore[arg-type]  # a Variable here is a Tensor
        slopes = slopes / widths
        before, after = narrow(widths, at, 0, size - 2), narrow(widths, at, 1, size - 2)
    else:
        slopes = slopes / spacing
        before = after = spacing
    first, last = narrow(slopes, at, 0, 1), narrow(slopes, at, size - 2, 1)
    earlier, later = narrow(slopes, at, 0, size - 2), narrow(slopes, at, 1, size - 2)
    # the slope of the parabola through three neighbours
    inner = (earlier * after + later * before) / (before + after)
    if edge_order == 2:
        near, far = _edge(before, at, 0), _edge(after, at, 0)
        first = first + (first - narrow(slopes, at, 1, 1)) * near / (near + far)
        near, far = _edge(after, at, -1), _edge(before, at, -1)
        last = last + (last - narrow(slopes, at, size - 3, 1)) * near / (near + far)
    return cat([first, inner, last], at)


def _edge(widths: Any, at: int, place: int) -> Any:
    if isinstance(widths, int | float):
        return widths
    return narrow(widths, at, place % widths.shape[at], 1)
