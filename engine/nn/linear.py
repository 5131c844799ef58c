"""Affine and bilinear maps of the last axis."""

import math

from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import functional, init
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation

__all__ = ["Bilinear", "Linear"]


class Linear(Module):
    """y = x W^T + b over the last axis.

    weight: [out_features, in_features], bias: [out_features]; both start uniform in +-1 / sqrt(in_features)
    input: [..., in_features]
    Returns [..., out_features].
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if in_features < 0 or out_features < 0:
            raise ShapeError(
                f"Linear: in_features {in_features} and out_features {out_features} can't be negative"
            )
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(creation.empty(out_features, in_features, device=device, dtype=dtype))
        self.bias = Parameter(creation.empty(out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        # kaiming_uniform with a = sqrt(5) comes to this bound for the weight as well
        bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0.0
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Bilinear(Module):
    """y_k = x1^T W_k x2 + b_k over the last axes.

    weight: [out_features, in1_features, in2_features], bias: [out_features]; both start uniform in
        +-1 / sqrt(in1_features)
    in1_features: I1, the last axis of the first input
    in2_features: I2, the last axis of the second input
    out_features: O
    bias: whether there is a bias
    input1: [..., I1], input2: [..., I2]
    Returns [..., O].
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if in1_features < 1:
            raise ShapeError(f"Bilinear: in1_features must be at least 1, not {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        weight = creation.empty(out_features, in1_features, in2_features, device=device, dtype=dtype)
        self.weight = Parameter(weight)
        self.bias = Parameter(creation.empty(out_features, device=device, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        return functional.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
