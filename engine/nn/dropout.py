"""Layers that drop a random part of their input while training."""

from engine.nn import functional
from engine.nn.functional.dropouts import check_probability
from engine.nn.module import Module
from engine.tensor import Tensor

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(type(self).__name__, p)
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """While training, each element zero with probability p, else divided by 1 - p (Srivastava et al. 2014).

    p: the probability of being dropped
    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """While training, each channel of each sample zero with probability p, else divided by 1 - p.

    p: the probability of being dropped
    inplace: overwrite the input with the result
    input: [N, C, L] or [C, L]
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """While training, each channel of each sample zero with probability p, else divided by 1 - p.

    p: the probability of being dropped
    inplace: overwrite the input with the result
    input: [N, C, H, W], or [N, C, L]
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """While training, each channel of each sample zero with probability p, else divided by 1 - p.

    p: the probability of being dropped
    inplace: overwrite the input with the result
    input: [N, C, D, H, W] or [C, D, H, W]
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for networks of SELU (Klambauer et al. 2017).

    p: the probability of being dropped
    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels.

    p: the probability of being dropped
    inplace: overwrite the input with the result
    input: [N, C, ...]
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.feature_alpha_dropout(input, self.p, self.training, self.inplace)
