"""Activations, element by element but for glu, softmin and gumbel_softmax.

`inplace` overwrites the input with the result, as the function with `_` at its end does; what a gradient
needs of the old values is refused or kept as for every operation in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.autograd.tape import serial_now, unary
from engine.dtypes import FLOATING_KINDS, DType
from engine.errors import DTypeError, ShapeError
from engine.ops import activations as ops
from engine.ops import elementwise
from engine.ops.transcendental import LOGSIGMOID
from engine.tensor import arithmetic, reductions
from engine.tensor.arithmetic import clamp, exp, expm1, log, log1p, sigmoid, tanh, where
from engine.tensor.axes import axis
from engine.tensor.casting import in_half
from engine.tensor.inplace import replace
from engine.tensor.promotion import inexact, require_floating
from engine.tensor.random import rand_like
from engine.tensor.shapes import narrow, reshape

if TYPE_CHECKING:
    from engine.tensor.random import Generator
    from engine.tensor.tensor import Tensor

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
    "threshold_",
]

# Klambauer et al. 2017, equation 14
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    name = f"{function.__name__}_"

    def method(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        since = serial_now()
        return replace(input, function(input, *args, **kwargs), name, since)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{function.__name__}, in place."
    return method


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); its derivative at 0 is 0."""
    return relu_(input) if inplace else arithmetic.relu(input)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (exp(x) - 1) (Clevert et al. 2015)."""
    if inplace:
        return elu_(input, alpha)
    return where(input > 0, input, expm1(where(input > 0, 0.0, input)) * alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (exp(x / alpha) - 1) (Barron 2017)."""
    if inplace:
        return celu_(input, alpha)
    if alpha == 0:
        raise ShapeError("celu: alpha must not be 0, since x is divided by it")
    return where(input > 0, input, expm1(where(input > 0, 0.0, input / alpha)) * alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return selu_(input) if inplace else elu(input, _SELU_ALPHA) * _SELU_SCALE


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016).

    approximate: "none", or "tanh" for the paper's approximation of Phi
    """
    if approximate not in ("none", "tanh"):
        raise DTypeError(f"approximate must be 'none' or 'tanh', not {approximate!r}")
    require_floating("gelu", input)
    return unary(ops.GELU, input, (approximate,))


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)"""
    if inplace:
        return _silu_in_place(input)
    x = inexact(input)
    return x * sigmoid(x)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta x)) / beta, and x where beta x is above the threshold."""
    scaled = input * beta
    linear = scaled > threshold
    return where(linear, input, log1p(exp(where(linear, 0.0, scaled))) / beta)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without underflow."""
    require_floating("logsigmoid", input)
    return unary(LOGSIGMOID, input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)) (Misra 2019)"""
    return _mish_in_place(input) if inplace else input * tanh(softplus(input))


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)"""
    x = inexact(input)
    return x / (x.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)"""
    x = inexact(input)
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
    if min_val > max_val:
        raise ShapeError(f"hardtanh: min_val {min_val} must not be larger than max_val {max_val}")
    if inplace:
        return hardtanh_(input, min_val, max_val)
    if input._data.dtype.kind not in FLOATING_KINDS:
        return clamp(input, min_val, max_val)
    return unary(elementwise.HARDTANH, input, (min_val, max_val))


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x clamped to [0, 6]."""
    return hardtanh(input, 0, 6, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1 / 2 clamped to [0, 1]."""
    return _hardsigmoid_in_place(input) if inplace else hardtanh(input + 3, 0.0, 6.0) / 6


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x hardsigmoid(x) (Howard et al. 2019)"""
    return _hardswish_in_place(input) if inplace else input * hardsigmoid(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, else negative_slope x."""
    if inplace:
        return leaky_relu_(input, negative_slope)
    return where(input > 0, input, input * negative_slope)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """x above 0, else x times a slope (Xu et al. 2015).

    training: each slope is drawn from [lower, upper); else all are their mean
    """
    if lower > upper:
        raise ShapeError(f"rrelu: lower {lower} must not be larger than upper {upper}")
    if inplace:
        return rrelu_(input, lower, upper, training, generator=generator)
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slope = rand_like(input, generator=generator) * (upper - lower) + lower
    return where(input > 0, input, input * slope)


@in_half
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, else weight x; the weight is one number, or one per channel (the second axis)."""
    if weight.ndim > 1:
        raise ShapeError(f"prelu: weight must be a number or a vector, not of shape {weight.shape}")
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
    if inplace:
        return threshold_(input, threshold, value)
    return where(input > threshold, input, value)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of an axis times the sigmoid of the second (Dauphin et al. 2016)."""
    at = axis(dim, input.ndim)
    half, odd = divmod(input.shape[at], 2)
    if odd:
        raise ShapeError(f"glu: axis {at} of {input.shape} must have an even size")
    return narrow(input, at, 0, half) * sigmoid(narrow(input, at, half, half))


relu_ = _in_place(relu)
elu_ = _in_place(elu)
celu_ = _in_place(celu)
selu_ = _in_place(selu)
hardtanh_ = _in_place(hardtanh)
leaky_relu_ = _in_place(leaky_relu)
rrelu_ = _in_place(rrelu)
threshold_ = _in_place(threshold)
_silu_in_place = _in_place(silu)
_mish_in_place = _in_place(mish)
_hardsigmoid_in_place = _in_place(hardsigmoid)
_hardswish_in_place = _in_place(hardswish)


# along an axis. PyTorch's fourth argument, _stacklevel, places a warning that isn't given here.


def _class_axis(dim: int | None, input: Tensor) -> int:
    """PyTorch's choice where none is made: the second axis of matrices and of images."""
    return (0 if input.ndim in (0, 1, 3) else 1) if dim is None else dim


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """exp(x) divided by its sum along `dim`.

    dim: None for axis 0 of tensors with 0, 1 or 3 axes, else axis 1
    dtype: to convert to first
    """
    return reductions.softmax(input, _class_axis(dim, input), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """log of softmax, without underflow; the arguments are softmax's."""
    return reductions.log_softmax(input, _class_axis(dim, input), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """softmax of -input; the arguments are softmax's."""
    return softmax(-input, dim, dtype=dtype)


def gumbel_softmax(
    logits: Tensor,
    tau: float = 1,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    generator: Generator | None = None,
) -> Tensor:
    """A draw from the distribution of the logits that can be differentiated (Jang et al. 2016).

    tau: the temperature; hard: one-hot vectors, with the gradient of the soft ones
    eps: without effect, as in PyTorch, which keeps it for old callers
    """
    noise = -log(-log(rand_like(logits, generator=generator)))
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    first = soft.detach().argmax(dim, keepdim=True)
    one_hot = soft.new_zeros(soft.shape).scatter(dim, first, 1.0)
    return one_hot - soft.detach() + soft
