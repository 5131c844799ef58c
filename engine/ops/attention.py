"""Scaled dot-product attention (Vaswani et al. 2017) as one op.

    out = dropout(softmax(scale q k^T + mask)) v

q [..., L, E], k [..., S, E], v [..., S, V]; the leading axes are the same. `mask`, if there is one,
broadcasts to [..., L, S]: bool, true where a query may see a key, or numbers that are added. With `causal`
query i sees the keys up to i. A query that sees nothing gives zeros. `key` is that of the random numbers
which drop weights with probability p, drawn as by dropout of the whole [..., L, S].

Kept for the gradient are the operands, the result and `lse` [..., L], the log of each query's sum of
exponentials (0 where it sees nothing); the weights are computed again (Dao et al. 2022). Where the backward
walk is itself recorded, or the mask learns, the rule composes the same formula of small ops.

With `heads_within` the operands are still [..., H, L, E], but what is made of them is [..., L, H, V], and so
are the three gradients: heads that were columns of a projection are so again without a copy.
"""

from typing import Any

from engine.ops.op import Op
from engine.ops.random import DROPOUT
from engine.ops.table import op


def _vjp(
    g: Any,
    q: Any,
    k: Any,
    v: Any,
    key: Any,
    mask: tuple[Any, ...],
    out: Any,
    lse: Any,
    p: float,
    causal: bool,
    scale: float,
    heads_within: bool,
    needs: tuple[bool, ...],
    recorded: bool,
) -> tuple[Any, ...]:
    if heads_within:
        g, out = g.transpose(-3, -2), out.transpose(-3, -2)
    if recorded or any(needs[4:]):
        grads = _gradients(g, q, k, v, key, mask, p, causal, scale)
        return (*grads[:3], None, *(grads[3:] if any(needs[4:]) else (None,) * len(mask)))
    grads = ATTENTION_GRAD(g, q, k, v, key, out, lse, *mask, p, causal, scale, heads_within)
    if heads_within:
        grads = tuple(each.transpose(-3, -2) for each in grads)
    return (*grads, None, *(None,) * len(mask))


def _gradients(
    g: Any, q: Any, k: Any, v: Any, key: Any, mask: tuple[Any, ...], p: float, causal: bool, scale: float
) -> tuple[Any, ...]:
    """Of q, k, v and of the scores, which is that of a mask of numbers."""
    scores = (q @ k.mT) * scale
    for each in mask:
        scores = scores + each if each.is_floating_point() else scores.masked_fill(~each, -float("inf"))
    if causal:
        ones = scores.new_ones(scores.shape[-2:])
        scores = scores.masked_fill(ones.triu(1) != 0, -float("inf"))
    blind = (scores == -float("inf")).all(-1, keepdim=True)
    weights = scores.masked_fill(blind, 0.0).softmax(-1).masked_fill(blind, 0.0)
    dropped, weights_grad = weights, g @ v.mT
    if p:
        dropped, weights_grad = DROPOUT(weights, key, p), DROPOUT(weights_grad, key, p)
    scores_grad = weights * (weights_grad - (weights_grad * weights).sum(-1, keepdim=True))
    return (scores_grad @ k) * scale, (scores_grad.mT @ q) * scale, dropped.mT @ g, scores_grad


# the gradient of a mask has the shape of the scores, and the tape sums it to the mask's
ATTENTION: Op = op(
    "attention",
    "q k v key *mask",
    "p causal scale heads_within",
    outputs="out lse",
    auxiliary="lse",
    broadcasts=True,
    vjp=_vjp,
)
ATTENTION_GRAD: Op = op(
    "attention_grad",
    "g0 q k v key out0 lse0 *mask",
    "p causal scale heads_within",
    outputs="q_grad k_grad v_grad",
)
