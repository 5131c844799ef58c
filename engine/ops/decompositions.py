"""Linear algebra of real matrices [..., M, N]; leading axes are batches.

The rules of solve, cholesky, eigh and svd: M. B. Giles, Collected matrix derivative results for forward and
reverse mode algorithmic differentiation (2008), with PyTorch's signs and gauges; of qr: J. Townsend,
Differentiating the QR decomposition (2018); of pinv: G. H. Golub and V. Pereyra (1973).
"""

import math
from typing import Any

from engine.ops.op import CONSTANT, Op
from engine.ops.shapes import CAT
from engine.ops.table import op


def _eye(like: Any) -> Any:
    """The diagonal of square matrices as a mask."""
    size = like.shape[-1]
    return like.new_ones((size, size)).tril().triu() != 0


def _half_diagonal(x: Any) -> Any:
    return (x / 2).where(_eye(x), x)


def _spread(values: Any) -> Any:
    return values.unsqueeze(-1)


INV: Op = op("inv", vjp=(lambda g, out: -(out.mT @ g @ out.mT),))


def _solve_grad(g: Any, a: Any, out: Any) -> Any:
    return -(SOLVE(a.mT, g) @ out.mT)


# a [..., N, N], b [..., N, K]
SOLVE: Op = op("solve", "a b", broadcasts=True, vjp=(_solve_grad, lambda g, a: SOLVE(a.mT, g)))
DET: Op = op("det", vjp=(lambda g, x: _spread(_spread(g)) * COFACTOR(x),))


def _cofactor_grad(g: Any, x: Any, out: Any) -> Any:
    along = (g * out).sum((-2, -1), keepdim=True)
    return (along * out - out @ g.mT @ out) / _spread(_spread(DET(x)))


# the derivative of det, also of singular matrices; its own derivative is that of regular ones
COFACTOR: Op = op("cofactor", vjp=(_cofactor_grad,))


def _slogdet_grad(g_logabsdet: Any, x: Any) -> Any:
    return x.new_zeros(x.shape) if g_logabsdet is None else _spread(_spread(g_logabsdet)) * INV(x).mT


# the sign is as good as constant, and as in PyTorch its gradient is 0
SLOGDET = op(
    "slogdet", "x", outputs="sign logabsdet", vjp=lambda g_logabsdet, x: (_slogdet_grad(g_logabsdet, x),)
)


def _cholesky_grad(g: Any, out: Any) -> Any:
    inner = _half_diagonal((out.mT @ g).tril())
    inverse = INV(out)
    return (inverse.mT @ (inner + inner.mT) @ inverse) / 2


# the lower factor; only the lower triangle of x is read
CHOLESKY = op("cholesky", vjp=(_cholesky_grad,))


def _qr_grad(g_q: Any, g_r: Any, q: Any, r: Any, x: Any) -> Any:
    rows, columns = x.shape[-2:]
    g_q = q.new_zeros(q.shape) if g_q is None else g_q
    g_r = r.new_zeros(r.shape) if g_r is None else g_r
    if rows >= columns:
        return _square_qr_grad(g_q, g_r, q, r)
    # x = [x1 | x2], x1 = q r1 and x2 = q r2: q and r1 come from x1, and r2 = q.mT @ x2
    rest = columns - rows
    g_r1, g_r2 = g_r.narrow(-1, 0, rows), g_r.narrow(-1, rows, rest)
    x2 = x.narrow(-1, rows, rest)
    first = _square_qr_grad(g_q + x2 @ g_r2.mT, g_r1, q, r.narrow(-1, 0, rows))
    return CAT(first, q @ g_r2, len(x.shape) - 1)


def _square_qr_grad(g_q: Any, g_r: Any, q: Any, r: Any) -> Any:
    inner = (g_r @ r.mT - q.mT @ g_q).triu()
    # as much as r is regular
    return SOLVE(r, (g_q + q @ _half_diagonal(inner + inner.mT)).mT).mT


# x = q r, q [..., M, K] with orthonormal columns, r [..., K, N] triangular, K = min(M, N)
QR = op("qr", "x", outputs="q r", vjp=lambda g_q, g_r, q, r, x: (_qr_grad(g_q, g_r, q, r, x),))
# the same with q [..., M, M]
QR_COMPLETE = op("qr_complete", "x", outputs="q r", vjp=CONSTANT)


def _eigh_grad(g_values: Any, g_vectors: Any, values: Any, vectors: Any) -> Any:
    inner = None if g_values is None else g_values.diag_embed()
    if g_vectors is not None:
        gaps = values.unsqueeze(-2) - _spread(values)
        turned = vectors.mT @ g_vectors / gaps.masked_fill(_eye(gaps), math.inf)
        inner = turned if inner is None else inner + turned
    return vectors @ inner @ vectors.mT


# of symmetric matrices, of which one triangle is read: "L" or "U"; the values ascend
EIGH = op(
    "eigh",
    "x",
    "triangle",
    outputs="values vectors",
    vjp=lambda g_values, g_vectors, values, vectors: (_eigh_grad(g_values, g_vectors, values, vectors),),
)


def _svd_grad(g_u: Any, g_s: Any, g_vh: Any, u: Any, s: Any, vh: Any, x_shape: tuple[int, ...]) -> Any:
    rows, columns = x_shape[-2:]
    size = min(rows, columns)
    u, vh = u.narrow(-1, 0, size), vh.narrow(-2, 0, size)
    inner = None if g_s is None else g_s.diag_embed()
    outer: Any = None
    gaps = s.unsqueeze(-2) ** 2 - _spread(s) ** 2
    gaps = gaps.masked_fill(_eye(gaps), math.inf)
    if g_u is not None:
        g_u = g_u.narrow(-1, 0, size)
        turned = u.mT @ g_u
        inner = _plus(inner, (turned - turned.mT) / gaps * s.unsqueeze(-2))
        if rows > size:
            part = g_u / s.unsqueeze(-2)
            outer = _plus(outer, (part - u @ (u.mT @ part)) @ vh)
    if g_vh is not None:
        g_vh = g_vh.narrow(-2, 0, size)
        turned = vh @ g_vh.mT
        inner = _plus(inner, _spread(s) * ((turned - turned.mT) / gaps))
        if columns > size:
            part = g_vh / _spread(s)
            outer = _plus(outer, u @ (part - (part @ vh.mT) @ vh))
    return _plus(outer, u @ inner @ vh)


def _plus(a: Any, b: Any) -> Any:
    return b if a is None else a + b


# x = u diag(s) vh, s descending; with `full`, u and vh are square
SVD = op(
    "svd",
    "x",
    "full",
    outputs="u s vh",
    vjp=lambda g_u, g_s, g_vh, u, s, vh, x_shape: (_svd_grad(g_u, g_s, g_vh, u, s, vh, x_shape),),
)


def _pinv_grad(g: Any, x: Any, out: Any) -> Any:
    turned = g.mT
    if x.shape[-2] <= x.shape[-1]:
        k = turned @ out
        product = k @ out.mT
        return -(out @ k).mT + product - (x @ out) @ product + (out.mT @ out) @ (turned - k @ x)
    k = out @ turned
    product = out.mT @ k
    return -(k @ out).mT + (turned - x @ k) @ out @ out.mT + product - (product @ out) @ x


# Moore and Penrose's inverse; singular values up to max(atol, rtol * the largest) count as 0
PINV = op("pinv", "x", "atol rtol hermitian", vjp=(_pinv_grad,))


def _matrix_exp_grad(g: Any, x: Any) -> Any:
    # the derivative in direction g of x.mT, which stands beside the exponentials of [[x.mT, g], [0, x.mT]]
    size, last = x.shape[-1], len(x.shape) - 1
    above = CAT(x.mT, g, last)
    below = CAT(x.new_zeros(x.shape), x.mT, last)
    return MATRIX_EXP(CAT(above, below, last - 1)).narrow(-2, 0, size).narrow(-1, size, size)


MATRIX_EXP: Op = op("matrix_exp", vjp=(_matrix_exp_grad,))


def _lu_grad(g_lu: Any, lu: Any, order: Any) -> Any:
    rows, columns = lu.shape[-2:]
    size = min(rows, columns)
    square = lu.narrow(-2, 0, size).narrow(-1, 0, size)
    lower, upper = _unit_lower(square), square.triu()
    core = g_lu.narrow(-2, 0, size).narrow(-1, 0, size)
    g_lower, g_upper = core.tril(-1), core.triu()
    pieces = []
    if columns > rows:
        # x2 = lower u2, of the columns beyond the square
        u2 = lu.narrow(-1, size, columns - size)
        g2 = SOLVE(lower.mT, g_lu.narrow(-1, size, columns - size))
        g_lower = g_lower - g2 @ u2.mT
        pieces = [g2]
    elif rows > columns:
        # x2 = l2 upper, of the rows below it
        l2 = lu.narrow(-2, size, rows - size)
        g2 = SOLVE(upper, g_lu.narrow(-2, size, rows - size).mT).mT
        g_upper = g_upper - l2.mT @ g2
        pieces = [g2]
    inner = (lower.mT @ g_lower).tril(-1) + (g_upper @ upper.mT).triu()
    first = SOLVE(upper, SOLVE(lower.mT, inner).mT).mT
    last = len(lu.shape) - 1
    out = CAT(first, *pieces, last if columns > rows else last - 1) if pieces else first
    return out.gather(-2, order.argsort(-1).unsqueeze(-1).expand(out.shape))


def _unit_lower(x: Any) -> Any:
    return x.tril(-1).masked_fill(_eye(x), 1.0)


# x[order] = l u by partial pivoting, l below the diagonal of lu (its own is ones) and u from it on
# pivots: with which row, from 1 on, each was exchanged in turn
LU = op(
    "lu",
    "x",
    outputs="lu pivots order",
    auxiliary="pivots order",
    vjp=lambda g_lu, lu, order: (_lu_grad(g_lu, lu, order),),
)
# the order of rows that such exchanges lead to
PIVOT_ORDER = op("pivot_order", "pivots", "rows", vjp=CONSTANT)
