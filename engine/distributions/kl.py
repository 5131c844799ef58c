"""The Kullback-Leibler divergence between two distributions of a kind."""

from __future__ import annotations

import math

from engine.distributions.bernoulli import Bernoulli
from engine.distributions.categorical import Categorical
from engine.distributions.distribution import Distribution
from engine.distributions.independent import Independent
from engine.distributions.normal import Normal
from engine.distributions.uniform import Uniform
from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.activations import softplus
from engine.tensor.arithmetic import where


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q) = E_p[log p - log q] in nats, of the distributions' batch_shape.

    For two of Bernoulli, Categorical, Normal, Uniform, or Independent of these; inf where p has draws
    that q has not.
    Raises EngineError for another pair.
    """
    if isinstance(p, Normal) and isinstance(q, Normal):
        ratio = (p.scale / q.scale) ** 2
        return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        return _expected(p.probs, q.probs, p.logits - q.logits).sum(-1)
    if isinstance(p, Bernoulli) and isinstance(q, Bernoulli):
        yes = _expected(p.probs, q.probs, softplus(-q.logits) - softplus(-p.logits))
        return yes + _expected(1 - p.probs, 1 - q.probs, softplus(q.logits) - softplus(p.logits))
    if isinstance(p, Uniform) and isinstance(q, Uniform):
        wider = ((q.high - q.low) / (p.high - p.low)).log()
        return where((q.low > p.low) | (q.high < p.high), math.inf, wider)
    if (
        isinstance(p, Independent)
        and isinstance(q, Independent)
        and p.reinterpreted_batch_ndims == q.reinterpreted_batch_ndims
    ):
        return p.summed(kl_divergence(p.base_dist, q.base_dist))
    raise EngineError(
        f"kl_divergence: there is no formula here for {p!r} and {q!r}; estimate it as the mean of "
        "p.log_prob(x) - q.log_prob(x) over draws x of p"
    )


def _expected(p: Tensor, q: Tensor, difference: Tensor) -> Tensor:
    """p log(p / q), given the difference of the logarithms: 0 where p is, else inf where q is 0."""
    return where(p == 0, 0.0, where(q == 0, math.inf, p * difference))
