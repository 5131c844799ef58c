"""Losses as one op each. `reduction` is "mean", "sum" or "none"."""

from typing import Any

from engine.ops.op import Op
from engine.ops.table import op


def _scaled(g: Any, count: int, reduction: str) -> Any:
    return g / count if reduction == "mean" else g


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def _row_weights(g: Any, target: Any, like: Any, ignore_index: int, reduction: str) -> Any:
    """What each row's loss contributes to the gradient: [N], 0 for ignored rows."""
    kept = (target != ignore_index).to(like.dtype)
    return g * kept / kept.sum() if reduction == "mean" else g * kept


def _square_error_grad(g: Any, x: Any, y: Any, reduction: str) -> Any:
    return (x - y) * (_scaled(g, max(_size(x.shape), 1), reduction) * 2)


MSE = op(
    "mse",
    "x y",
    "reduction",
    vjp=(
        _square_error_grad,
        lambda g, x, y, reduction: _square_error_grad(g, y, x, reduction),
    ),
)
L1 = op(
    "l1",
    "x y",
    "reduction",
    vjp=(
        lambda g, x, y, reduction: (x - y).sign() * _scaled(g, max(_size(x.shape), 1), reduction),
        lambda g, x, y, reduction: (y - x).sign() * _scaled(g, max(_size(x.shape), 1), reduction),
    ),
)
# -(y log p + (1 - y) log(1 - p)) of each element, where a log counts as at least -100; the gradient of p
# divides by at least 1e-12, so that p = 0 and p = 1 have one
BCE = op(
    "bce",
    "p y",
    vjp=(
        lambda g, p, y: g * ((p - y) / (p * (1 - p)).clamp(min=1e-12)),
        lambda g, p: g * ((-p).log1p() - p.log()),
    ),
)
# x [N, C] log-probabilities, target [N] int64; linear in x, so the two ops are each other's gradient
NLL: Op = op(
    "nll",
    "x target",
    "ignore_index reduction",
    vjp=(
        lambda g, target, x_shape, ignore_index, reduction: NLL_GRAD(
            g, target, x_shape[1], ignore_index, reduction
        ),
        None,
    ),
)
NLL_GRAD: Op = op(
    "nll_grad",
    "g0 target",
    "classes ignore_index reduction",
    vjp=(lambda g, target, ignore_index, reduction: NLL(g, target, ignore_index, reduction), None),
)


def _cross_entropy_grad_wrt_logits(
    g: Any, g0: Any, x: Any, target: Any, ignore_index: int, reduction: str
) -> Any:
    # the rows of cross_entropy_grad are w (softmax(x) - target distribution); w doesn't depend on x
    weighted = g * _row_weights(g0, target, x, ignore_index, reduction).unsqueeze(-1)
    softmax = x.softmax(-1)
    return softmax * (weighted - (softmax * weighted).sum(-1, keepdim=True))


# x [N, C] logits, target [N] int64; lse [N] is logsumexp(x), kept so that the gradient needn't reduce again
CROSS_ENTROPY = op(
    "cross_entropy",
    "x target",
    "ignore_index smoothing reduction",
    outputs="loss lse",
    auxiliary="lse",
    vjp=(
        lambda g, x, lse, target, ignore_index, smoothing, reduction: CROSS_ENTROPY_GRAD(
            g, x, lse, target, ignore_index, smoothing, reduction
        ),
        None,
    ),
)


def _cross_entropy_grad_wrt_g(
    g: Any, x: Any, lse: Any, target: Any, ignore_index: int, smoothing: float, reduction: str
) -> Any:
    ones = x.new_ones(x.shape[:1] if reduction == "none" else ())
    rows = (g * CROSS_ENTROPY_GRAD(ones, x, lse, target, ignore_index, smoothing, reduction)).sum(-1)
    return rows if reduction == "none" else rows.sum()


# lse belongs to x: what depends on it is in the rule of x
CROSS_ENTROPY_GRAD: Op = op(
    "cross_entropy_grad",
    "g0 x lse target",
    "ignore_index smoothing reduction",
    vjp=(_cross_entropy_grad_wrt_g, _cross_entropy_grad_wrt_logits, None, None),
)
