"""Ops that reduce axes. `dim` is a tuple of non-negative axes; the empty tuple never occurs."""

from typing import Any

from engine.ops.op import CONSTANT
from engine.ops.table import op


def _restore(g: Any, shape: tuple[int, ...], dim: tuple[int, ...], keepdim: bool) -> Any:
    """Give a reduced gradient its axes back, with length 1 where they were reduced."""
    if keepdim or len(shape) == 0:
        return g
    return g.reshape(tuple(1 if axis in dim else n for axis, n in enumerate(shape)))


def _count(shape: tuple[int, ...], dim: tuple[int, ...]) -> int:
    count = 1
    for axis in dim:
        count *= shape[axis]
    return count


def _share_ties(g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Spread the gradient of an extreme value evenly over the places where it is attained."""
    ties = (x == _restore(out, x.shape, dim, keepdim)).to(g.dtype)
    return ties * (_restore(g, x.shape, dim, keepdim) / ties.sum(dim, keepdim=True))


def _var_grad(g: Any, x: Any, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    degrees = max(_count(x.shape, dim) - correction, 0)
    scale = 2 / degrees if degrees else float("nan")
    return _restore(g, x.shape, dim, keepdim) * scale * (x - x.mean(dim, keepdim=True))


SUM = op(
    "sum",
    "x",
    "dim keepdim",
    vjp=(lambda g, x_shape, dim, keepdim: _restore(g, x_shape, dim, keepdim).expand(x_shape),),
)
MEAN = op(
    "mean",
    "x",
    "dim keepdim",
    vjp=(
        lambda g, x_shape, dim, keepdim: (
            _restore(g, x_shape, dim, keepdim) / max(_count(x_shape, dim), 1)
        ).expand(x_shape),
    ),
)
AMAX = op(
    "amax", "x", "dim keepdim", vjp=(lambda g, x, out, dim, keepdim: _share_ties(g, x, out, dim, keepdim),)
)
AMIN = op(
    "amin", "x", "dim keepdim", vjp=(lambda g, x, out, dim, keepdim: _share_ties(g, x, out, dim, keepdim),)
)


def _to_index(g: Any, indices: Any, x_shape: tuple[int, ...], dim: int, keepdim: bool) -> Any:
    if not keepdim and x_shape:
        g, indices = g.unsqueeze(dim), indices.unsqueeze(dim)
    return g.new_zeros(x_shape).scatter_add(dim, indices, g)


# the extreme value along one axis with the first index that attains it; here `dim` is one axis
MAX = op("max", "x", "dim keepdim", outputs="values indices", auxiliary="indices", vjp=(_to_index,))
MIN = op("min", "x", "dim keepdim", outputs="values indices", auxiliary="indices", vjp=(_to_index,))
ARGMAX = op("argmax", "x", "dim keepdim", vjp=CONSTANT)
ARGMIN = op("argmin", "x", "dim keepdim", vjp=CONSTANT)
ANY = op("any", "x", "dim keepdim", vjp=CONSTANT)
ALL = op("all", "x", "dim keepdim", vjp=CONSTANT)
VAR = op("var", "x", "dim correction keepdim", vjp=(_var_grad,))
STD = op(
    "std",
    "x",
    "dim correction keepdim",
    vjp=(
        # no spread, no direction: the gradient is 0 there, as in PyTorch
        lambda g, x, out, dim, correction, keepdim: _var_grad(
            (g / (out * 2)).where(out != 0, 0.0), x, dim, correction, keepdim
        ),
    ),
)
LOGSUMEXP = op(
    "logsumexp",
    "x",
    "dim keepdim",
    vjp=(
        lambda g, x, out, dim, keepdim: (
            _restore(g, x.shape, dim, keepdim) * (x - _restore(out, x.shape, dim, keepdim)).exp()
        ),
    ),
)
# along one axis; the gradient is the same sum taken from the other end
CUMSUM = op("cumsum", "x", "dim", vjp=(lambda g, dim: g.flip(dim).cumsum(dim).flip(dim),))
SOFTMAX = op("softmax", "x", "dim", vjp=(lambda g, out, dim: (g - (g * out).sum(dim, keepdim=True)) * out,))
LOG_SOFTMAX = op(
    "log_softmax", "x", "dim", vjp=(lambda g, out, dim: g - out.exp() * g.sum(dim, keepdim=True),)
)
