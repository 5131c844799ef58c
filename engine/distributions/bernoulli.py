"""The Bernoulli distribution: yes or no."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from engine.autograd import enable_grad, no_grad
from engine.distributions.distribution import Distribution, inside, together
from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.activations import logsigmoid
from engine.tensor.arithmetic import where
from engine.tensor.random import bernoulli


class Bernoulli(Distribution):
    """1 with probability `probs`, else 0; or with log-odds `logits`. Give one of the two."""

    parameters = ("probs", "logits")

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise EngineError("Bernoulli: give either probs or logits")
        (given,) = together(logits if probs is None else probs)
        super().__init__(given.shape, validate_args=validate_args)
        if probs is None:
            self.logits = given
            self._check("logits", given, given == given, "numbers")
        else:
            self.probs = given
            self._check("probs", given, (given >= 0) & (given <= 1), "between 0 and 1")

    # kept with their graph, though the first to ask may be sample()
    @cached_property
    @enable_grad()
    def logits(self) -> Tensor:
        p = inside(self.probs)
        return p.log() - (-p).log1p()

    @cached_property
    @enable_grad()
    def probs(self) -> Tensor:
        return self.logits.sigmoid()

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier one; NaN where both are as likely."""
        p = self.probs
        return where(p == 0.5, float("nan"), (p >= 0.5).type_as(p))

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        with no_grad():
            return bernoulli(self.probs.expand(self._extended(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        x = self._tensor(value)
        self._check("the value", x, (x == 0) | (x == 1), "0 or 1")
        return x * logsigmoid(self.logits) + (1 - x) * logsigmoid(-self.logits)

    def entropy(self) -> Tensor:
        p = self.probs
        return -(p * logsigmoid(self.logits) + (1 - p) * logsigmoid(-self.logits))
