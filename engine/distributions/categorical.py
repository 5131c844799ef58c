"""The categorical distribution: one of C."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from engine.autograd import enable_grad, no_grad
from engine.distributions.distribution import Distribution, inside
from engine.dtypes import finfo, int64
from engine.errors import EngineError
from engine.tensor import Tensor
from engine.tensor.blocks import broadcast_tensors
from engine.tensor.creation import full
from engine.tensor.draws import multinomial


class Categorical(Distribution):
    """One of C categories, with odds in proportion to `probs` [..., C] or to exp(`logits`); give one of them.

    Draws are int64 in [0, C). `probs` and `logits` read back are normalised along the last axis.
    """

    parameters = ("probs", "logits")

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if (probs is None) == (logits is None):
            raise EngineError("Categorical: give either probs or logits")
        given = self._tensor(logits if probs is None else probs)
        if given.ndim < 1:
            raise EngineError(
                "Categorical: probs and logits have the categories along their last axis; got a number"
            )
        super().__init__(given.shape[:-1], validate_args=validate_args)
        if probs is None:
            self._check("logits", given, given == given, "numbers")
            self.logits = given - given.logsumexp(-1, keepdim=True)
        else:
            total = given.sum(-1, keepdim=True)
            self._check("probs", given, (given >= 0) & (total > 0), "at least 0, and not all 0")
            self.probs = given / total

    # kept with their graph, though the first to ask may be sample()
    @cached_property
    @enable_grad()
    def logits(self) -> Tensor:
        return inside(self.probs).log()

    @cached_property
    @enable_grad()
    def probs(self) -> Tensor:
        return self.logits.softmax(-1)

    @property
    def mean(self) -> Tensor:
        return full(self.batch_shape, float("nan"), dtype=self._given.dtype, device=self._given.device)

    @property
    def variance(self) -> Tensor:
        return self.mean

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def _given(self) -> Tensor:
        return self.probs if "probs" in self.__dict__ else self.logits

    def sample(self, sample_shape: Iterable[int] = ()) -> Tensor:
        shape = self._extended(sample_shape)
        rows = self.batch_shape.numel()
        count = shape.numel() // rows if rows else 0
        with no_grad():
            flat = self.probs.reshape(rows, self.probs.shape[-1])
            if not shape.numel():
                return full(shape, 0, dtype=int64, device=flat.device)
            return multinomial(flat, count, True).t().reshape(shape)

    def log_prob(self, value: Tensor) -> Tensor:
        x, classes = self._tensor(value), self._given.shape[-1]
        fits = (x >= 0) & (x < classes) & (x == x.long())
        self._check("the value", x, fits, f"whole and in [0, {classes})")
        index, logits = broadcast_tensors(x.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, index[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        # probability 0 adds nothing, however small its logarithm is
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)
