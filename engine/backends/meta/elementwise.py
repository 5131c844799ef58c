"""Shapes and dtypes of element-wise results."""

from typing import Any

import numpy as np

from engine.backends.meta.array import MetaArray, broadcast
from engine.backends.registry import Kernel
from engine.dtypes import DType, of


def same(x: MetaArray, *_: Any) -> MetaArray:
    return MetaArray(x.shape, x.dtype)


def _predicate(x: MetaArray) -> MetaArray:
    return MetaArray(x.shape, np.bool_)


def _binary(op: str, dtype: Any = None) -> Kernel:
    def kernel(a: MetaArray, b: MetaArray, *_: Any) -> MetaArray:
        return MetaArray(broadcast(op, a.shape, b.shape), dtype or a.dtype)

    return kernel


def _where(condition: MetaArray, a: MetaArray, b: MetaArray) -> MetaArray:
    return MetaArray(broadcast("where", condition.shape, a.shape, b.shape), a.dtype)


def _abs(x: MetaArray) -> MetaArray:
    return MetaArray(x.shape, of(x.dtype).to_real().numpy)


def _cast(x: MetaArray, dtype: DType) -> MetaArray:
    return MetaArray(x.shape, dtype.numpy)


_UNARY = """
    neg sign floor ceil round trunc clamp hardtanh exp expm1 log log2 log10 log1p sqrt rsqrt reciprocal square
    sin cos tan erf tanh sigmoid relu clone logsigmoid
    asin acos atan sinh cosh asinh acosh atanh exp2 bitwise_not
"""
_BINARY = """
    add sub mul div pow floor_divide remainder maximum minimum tanh_grad sigmoid_grad relu_grad
    clamp_grad hardtanh_grad
    atan2 hypot fmod fmax fmin copysign logaddexp logaddexp2 xlogy heaviside nextafter
    bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift gcd lcm
"""
_COMPARISONS = "eq ne lt le gt ge logical_and logical_or logical_xor"

KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(_UNARY.split(), same),
    **{name: _binary(name) for name in _BINARY.split()},
    **{name: _binary(name, np.dtype(np.bool_)) for name in _COMPARISONS.split()},
    **dict.fromkeys(("logical_not", "isnan", "isinf", "isfinite", "signbit"), _predicate),
    "abs": _abs,
    "where": _where,
    "cast": _cast,
}
