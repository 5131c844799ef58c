"""Norms, running sums in log space, and the parts of a floating-point number."""

import math
from typing import Any

from engine.ops.op import Op
from engine.ops.reductions import _restore
from engine.ops.table import op


def _norm_grad(g: Any, x: Any, out: Any, p: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    """As PyTorch, 0 where the norm has a kink: at x = 0 for p <= 1, at a norm of 0."""
    g, norm = _restore(g, x.shape, dim, keepdim), _restore(out, x.shape, dim, keepdim)
    if p == 0:
        return g.new_zeros(x.shape)
    if p == 1:
        return g * x.sign()
    if math.isinf(p):
        attained = (x.abs() == norm).logical_or(norm.isnan()).to(g.dtype)
        return x.sign() * attained * (g / attained.sum(dim, keepdim=True))
    if p == 2:
        return x * (g / norm.masked_fill(norm == 0, math.inf))
    if p < 1:
        return (x.sign() * x.abs() ** (p - 1)).masked_fill(x == 0, 0.0) * (g * norm ** (1 - p))
    powered = x.sign() * x.abs() ** (p - 1) if p < 2 else x * x.abs() ** (p - 2)
    return powered * (g / norm.masked_fill(norm == 0, math.inf) ** (p - 1))


# (sum |x|^p)^(1/p) over axes; inf and -inf: the extreme |x|, 0: the count of non-zeros
VECTOR_NORM = op("vector_norm", "x", "p dim keepdim", vjp=(_norm_grad,))

# log(cumsum(exp(x))) along one axis
LOGCUMSUMEXP: Op = op(
    "logcumsumexp", "x", "dim", vjp=(lambda g, x, out, dim: LOGCUMSUMEXP_GRAD(g, x, out, dim),)
)
# sum over j >= i of g_j exp(x_i - out_j): each exponent is at most 0, so nothing overflows
LOGCUMSUMEXP_GRAD: Op = op(
    "logcumsumexp_grad",
    "g0 x0 out0",
    "dim",
    vjp=(
        lambda g, x0, out0, dim: LOGCUMSUMEXP_SUM(g, x0, out0, dim),
        lambda g, out: g * out,
        lambda g, g0, x0, out0, dim: -g0 * LOGCUMSUMEXP_SUM(g, x0, out0, dim),
    ),
)
# sum over i <= j of g_i exp(x_i - out_j): its adjoint
LOGCUMSUMEXP_SUM: Op = op(
    "logcumsumexp_sum",
    "g0 x0 out0",
    "dim",
    vjp=(
        lambda g, x0, out0, dim: LOGCUMSUMEXP_GRAD(g, x0, out0, dim),
        lambda g, g0, x0, out0, dim: g0 * LOGCUMSUMEXP_GRAD(g, x0, out0, dim),
        lambda g, out: -g * out,
    ),
)
# x = mantissa * 2^exponent with 0.5 <= |mantissa| < 1
FREXP = op(
    "frexp",
    "x",
    outputs="mantissa exponent",
    auxiliary="exponent",
    vjp=(lambda g, exponent: g / exponent.to(g.dtype).exp2(),),
)
