"""Layers that apply a function to each element, or to two halves."""

from typing import Literal

from engine.errors import ShapeError
from engine.nn import functional
from engine.nn.module import Module
from engine.nn.rectifier import InPlace, also
from engine.tensor import Tensor

__all__ = [
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LogSigmoid",
    "Mish",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class GELU(Module):
    """x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016).

    approximate: "none", or "tanh" for the paper's approximation of Phi
    """

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return functional.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """The first half of an axis times the sigmoid of the second (Dauphin et al. 2016).

    dim: the axis to halve
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return functional.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Hardshrink(Module):
    """x, and 0 in [-lambd, lambd].

    lambd: where x begins to count
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return functional.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardsigmoid(InPlace):
    """x / 6 + 1 / 2 clamped to [0, 1].

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.hardsigmoid(input, self.inplace)


class Hardswish(InPlace):
    """x times Hardsigmoid (Howard et al. 2019).

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.hardswish(input, self.inplace)


class Hardtanh(Module):
    """x clamped to [min_val, max_val].

    min_val: the least value
    max_val: the largest value
    inplace: overwrite the input with the result
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if min_val >= max_val:
            raise ShapeError(f"Hardtanh: min_val {min_val} must be less than max_val {max_val}")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}{also(self.inplace)}"


class LogSigmoid(Module):
    """log of the sigmoid, without underflow."""

    def forward(self, input: Tensor) -> Tensor:
        return functional.logsigmoid(input)


class Mish(InPlace):
    """x tanh(softplus(x)) (Misra 2019).

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.mish(input, self.inplace)


class SiLU(InPlace):
    """x times the sigmoid of x.

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.silu(input, self.inplace)


class Sigmoid(Module):
    """1 / (1 + exp(-x))"""

    def forward(self, input: Tensor) -> Tensor:
        return functional.sigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta, a smooth ReLU.

    beta: how sharp the bend is
    threshold: where beta x is above it, the result is x
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softshrink(Module):
    """x moved by lambd towards 0, and 0 where that would cross it.

    lambd: by how much; not negative
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return functional.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softsign(Module):
    """x / (1 + |x|)"""

    def forward(self, input: Tensor) -> Tensor:
        return functional.softsign(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        return functional.tanh(input)


class Tanhshrink(Module):
    """x minus its hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        return functional.tanhshrink(input)
