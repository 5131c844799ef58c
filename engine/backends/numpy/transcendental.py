"""More element-wise kernels: NumPy's ufuncs, and what it lacks."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.elementwise import nonzero_divisor
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]


def xlogy(a: Array, b: Array) -> Any:
    # a NaN in b stays one, also where a is 0
    return np.where((a == 0) & ~np.isnan(b), a.dtype.type(0), a * np.log(b))


def heaviside(x: Array, values: Array) -> Any:
    # of NaN it is 0, as in PyTorch
    return np.where(x == 0, values, (x > 0).astype(x.dtype))


def logsigmoid(x: Array) -> Any:
    # exp only of what isn't positive: nothing overflows, and small results keep their digits
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


KERNELS: dict[str, Kernel] = {
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "exp2": np.exp2,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "fmod": nonzero_divisor("fmod", np.fmod),
    "fmax": np.fmax,
    "fmin": np.fmin,
    "copysign": np.copysign,
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "xlogy": xlogy,
    "logsigmoid": logsigmoid,
    "heaviside": heaviside,
    "nextafter": np.nextafter,
    "signbit": np.signbit,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "bitwise_not": np.bitwise_not,
    "bitwise_left_shift": np.left_shift,
    "bitwise_right_shift": np.right_shift,
    "gcd": np.gcd,
    "lcm": np.lcm,
}
