"""Activations, element by element but for glu and softmin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.dtypes import DType
from engine.errors import ShapeError
from engine.tensor.arithmetic import clamp, exp, expm1, log1p, minimum, relu, sigmoid, tanh, where
from engine.tensor.axes import axis
from engine.tensor.promotion import floating
from engine.tensor.reductions import softmax
from engine.tensor.shapes import narrow, reshape

if TYPE_CHECKING:
    from engine.tensor.tensor import Tensor

__all__ = [
    "celu",
    "elu",
    "glu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "relu6",
    "selu",
    "silu",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
]

# Klambauer et al. 2017, equation 14
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (exp(x) - 1)."""
    return where(input > 0, input, expm1(minimum(input, input.detach() * 0)) * alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (exp(x / alpha) - 1)."""
    return where(input > 0, input, expm1(where(input > 0, 0.0, input / alpha)) * alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu with the constants that keep mean 0 and variance 1."""
    return elu(input, _SELU_ALPHA) * _SELU_SCALE


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)"""
    x = floating(input)
    return x * sigmoid(x)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta x)) / beta, and x where beta x is above the threshold."""
    scaled = input * beta
    linear = scaled > threshold
    return where(linear, input, log1p(exp(where(linear, 0.0, scaled))) / beta)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without underflow."""
    return -(relu(-input) + log1p(exp(-input.abs())))


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x))"""
    return input * tanh(softplus(input))


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)"""
    x = floating(input)
    return x / (x.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)"""
    x = floating(input)
    return x - tanh(x)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved by lambd towards 0, and 0 where that would cross it."""
    if lambd < 0:
        raise ShapeError(f"softshrink: lambd must not be negative, and is {lambd}")
    return where(input > lambd, input - lambd, where(input < -lambd, input + lambd, input * 0))


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, and 0 in [-lambd, lambd]."""
    return where((input >= -lambd).logical_and(input <= lambd), 0.0, input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x clamped to [min_val, max_val]; at the bounds the derivative is 0."""
    inside = (input > min_val).logical_and(input < max_val)
    return where(inside, input, clamp(input.detach(), min_val, max_val))


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x clamped to [0, 6]."""
    return hardtanh(input, 0, 6)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1 / 2 clamped to [0, 1]."""
    return hardtanh(input + 3, 0.0, 6.0) / 6


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x hardsigmoid(x)"""
    return input * hardsigmoid(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, else negative_slope x."""
    return where(input > 0, input, input * negative_slope)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, else weight x; the weight is one number, or one per channel (the second axis)."""
    if weight.numel() != 1:
        if input.ndim < 1 or weight.numel() != input.shape[min(1, input.ndim - 1)]:
            raise ShapeError(
                f"prelu: weight {weight.shape} must have one number, or one per channel of {input.shape}"
            )
        weight = reshape(weight, [-1 if k == min(1, input.ndim - 1) else 1 for k in range(input.ndim)])
    elif weight.ndim:
        weight = reshape(weight, ())
    return where(input > 0, input, input * weight)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x above the threshold, else the value."""
    return where(input > threshold, input, value)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of an axis times the sigmoid of the second (Dauphin et al. 2016)."""
    at = axis(dim, input.ndim)
    half, odd = divmod(input.shape[at], 2)
    if odd:
        raise ShapeError(f"glu: axis {at} of {input.shape} must have an even size")
    return narrow(input, at, 0, half) * sigmoid(narrow(input, at, half, half))


def softmin(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """softmax of -input."""
    return softmax(-input, dim, dtype)
