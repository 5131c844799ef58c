"""Probability distributions: draws, their gradients, and how probable a value is. The names are PyTorch's."""

from engine.distributions.bernoulli import Bernoulli
from engine.distributions.categorical import Categorical
from engine.distributions.distribution import Distribution
from engine.distributions.independent import Independent
from engine.distributions.kl import kl_divergence
from engine.distributions.normal import Normal
from engine.distributions.uniform import Uniform

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Independent",
    "Normal",
    "Uniform",
    "kl_divergence",
]
