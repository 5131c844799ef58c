"""Window functions, as torch.signal.windows: vectors of M weights, float32 or float64.

sym: symmetric, for filters; else periodic, for spectra: the first M of M + 1 symmetric ones
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.device import Device
from engine.dtypes import DType, float32, float64, get_default_dtype
from engine.errors import DTypeError, ShapeError
from engine.tensor import Tensor
from engine.tensor.creation import tensor
from engine.tensor.refusals import explain

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]

Values = npt.NDArray[np.float64]
Place = str | Device | None


def made(
    values: Values, dtype: DType | None = None, device: Place = None, requires_grad: bool = False
) -> Tensor:
    """Weights as a tensor; in the default dtype unless given."""
    dtype = dtype or get_default_dtype()
    if dtype not in (float32, float64):
        raise DTypeError(f"a window is float32 or float64, not {dtype}")
    return tensor(values, dtype=dtype, device=device, requires_grad=requires_grad)


def steps(M: int, sym: bool) -> tuple[Values, int]:
    """0 ... M - 1, and the number of steps from one end of the symmetric window to the other."""
    if M < 0:
        raise ShapeError(f"a window of {M} weights can't be; give M >= 0")
    return np.arange(M, dtype=np.float64), max(M - 1 if sym else M, 1)


def cosine_sum(M: int, a: Iterable[float], sym: bool) -> Values:
    """a_0 - a_1 cos(2 pi k / N) + a_2 cos(4 pi k / N) - ...; 1 for a single weight."""
    k, n = steps(M, sym)
    if M == 1:
        return np.ones(1)
    out = np.zeros(M)
    for order, factor in enumerate(a):
        out += (-1) ** order * factor * np.cos(2 * np.pi * order * k / n)
    return out


def kaiser_values(M: int, beta: float, sym: bool) -> Values:
    """I0(beta sqrt(1 - r^2)) / I0(beta) for r from -1 to 1; 1 for a single weight."""
    k, n = steps(M, sym)
    if M == 1:
        return np.ones(1)
    out: Values = np.i0(beta * np.sqrt(np.maximum(1 - (2 * k / n - 1) ** 2, 0))) / np.i0(beta)
    return out


def triangle(M: int, sym: bool) -> Values:
    """1 - |2 k / N - 1|; 1 for a single weight."""
    k, n = steps(M, sym)
    out: Values = np.ones(1) if M == 1 else 1 - np.abs(2 * k / n - 1)
    return out


def bartlett(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """A triangle with 0 at the ends. options, here and below: dtype, device, requires_grad."""
    return made(triangle(M, sym), **options)


def blackman(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    return made(cosine_sum(M, (0.42, 0.5, 0.08), sym), **options)


def cosine(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Half a wave: sin(pi (k + 1/2) / M)."""
    k, _ = steps(M, sym)
    return made(np.sin(np.pi * (k + 0.5) / (M if sym or M == 1 else M + 1)), **options)


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, **options: Any
) -> Tensor:
    """exp(-|k - center| / tau); center: in the middle unless given, which only a periodic window may have."""
    if tau <= 0:
        raise ShapeError(f"exponential: tau must be positive, not {tau}")
    if sym and center is not None:
        raise ShapeError("exponential: a symmetric window has its center in the middle; pass sym=False")
    k, _ = steps(M, sym)
    middle = (M if not sym and M > 1 else M - 1) / 2 if center is None else center
    return made(np.exp(-np.abs(k - middle) / tau), **options)


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, **options: Any) -> Tensor:
    """exp(-(k - middle)^2 / (2 std^2))"""
    if std <= 0:
        raise ShapeError(f"gaussian: std must be positive, not {std}")
    k, _ = steps(M, sym)
    middle = (M if not sym and M > 1 else M - 1) / 2
    return made(np.exp(-(((k - middle) / (std * math.sqrt(2))) ** 2)), **options)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, **options: Any) -> Tensor:
    """a_0 - a_1 cos(2 pi k / N) + a_2 cos(4 pi k / N) - ..."""
    factors = tuple(a)
    if not factors:
        raise ShapeError("general_cosine: a needs at least one coefficient")
    return made(cosine_sum(M, factors, sym), **options)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, **options: Any) -> Tensor:
    """alpha - (1 - alpha) cos(2 pi k / N)"""
    return made(cosine_sum(M, (alpha, 1 - alpha), sym), **options)


def hamming(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    return general_hamming(M, alpha=0.54, sym=sym, **options)


def hann(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    return general_hamming(M, alpha=0.5, sym=sym, **options)


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, **options: Any) -> Tensor:
    """I0(beta sqrt(1 - r^2)) / I0(beta), r from -1 to 1 (Kaiser 1974)."""
    if beta < 0:
        raise ShapeError(f"kaiser: beta must not be negative, and is {beta}")
    return made(kaiser_values(M, beta, sym), **options)


def nuttall(M: int, *, sym: bool = True, **options: Any) -> Tensor:
    """Nuttall 1981, the minimum four-term window with continuous first derivative."""
    return made(cosine_sum(M, (0.3635819, 0.4891775, 0.1365995, 0.0106411), sym), **options)


explain(globals(), __all__)
