"""The uniform distribution."""

from __future__ import annotations

from collections.abc import Iterable

from engine.distributions.distribution import Distribution, together
from engine.tensor import Tensor
from engine.tensor.random import rand


class Uniform(Distribution):
    """Uniform in [low, high), tensors that broadcast or numbers."""

    parameters = ("low", "high")
    has_rsample = True

    def __init__(self, low: Tensor | float, high: Tensor | float, validate_args: bool | None = None) -> None:
        self.low, self.high = together(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        self._check("high", self.high, self.low < self.high, "greater than low")

    @property
    def mean(self) -> Tensor:
        return (self.high + self.low) / 2

    @property
    def variance(self) -> Tensor:
        return (self.high - self.low).pow(2) / 12

    def rsample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        share = rand(self._extended(sample_shape), dtype=self.low.dtype, device=self.low.device)
        return self.low + share * (self.high - self.low)

    def log_prob(self, value: Tensor) -> Tensor:
        x, low, high = together(self._tensor(value), self.low, self.high)
        self._check("the value", x, (low <= x) & (x <= high), "between low and high")
        return ((low <= x) & (x < high)).type_as(low).log() - (high - low).log()

    def cdf(self, value: Tensor) -> Tensor:
        return ((self._tensor(value) - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Tensor) -> Tensor:
        return self._tensor(value) * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        return (self.high - self.low).log()
