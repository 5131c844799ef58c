"""Layers that are linear above zero, and something smaller below."""

from engine.device import Device
from engine.dtypes import DType
from engine.nn import functional
from engine.nn import init as _init
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation

__all__ = [
    "CELU",
    "ELU",
    "SELU",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "Threshold",
]


class InPlace(Module):
    """A layer without other arguments that may overwrite its input with the result."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


def also(inplace: bool) -> str:
    """How repr() goes on where a layer works in place."""
    return ", inplace=True" if inplace else ""


class CELU(Module):
    """x above 0, else alpha (exp(x / alpha) - 1) (Barron 2017).

    alpha: minus the value far below 0
    inplace: overwrite the input with the result
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{also(self.inplace)}"


class ELU(Module):
    """x above 0, else alpha (exp(x) - 1) (Clevert et al. 2015).

    alpha: minus the value far below 0
    inplace: overwrite the input with the result
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}{also(self.inplace)}"


class LeakyReLU(Module):
    """x above 0, else negative_slope x.

    negative_slope: the derivative below 0
    inplace: overwrite the input with the result
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}{also(self.inplace)}"


class PReLU(Module):
    """x above 0, else x times a learned weight (He et al. 2015).

    num_parameters: 1, or one for each channel, the second axis
    init: the weight's initial value
    weight: [num_parameters]
    """

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(creation.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the initial value."""
        _init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """x above 0, else x times a slope, drawn anew for each element while training (Xu et al. 2015).

    lower: the least slope
    upper: the largest slope; in evaluation all are the mean of the two
    inplace: overwrite the input with the result
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}{also(self.inplace)}"


class ReLU(InPlace):
    """max(x, 0)

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.relu(input, self.inplace)


class ReLU6(InPlace):
    """x clamped to [0, 6].

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.relu6(input, self.inplace)


class SELU(InPlace):
    """ELU with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    inplace: overwrite the input with the result
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.selu(input, self.inplace)


class Threshold(Module):
    """x above the threshold, else the value.

    threshold: up to where x is replaced
    value: by what
    inplace: overwrite the input with the result
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return functional.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return f"threshold={self.threshold}, value={self.value}{also(self.inplace)}"
