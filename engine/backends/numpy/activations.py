"""Kernels of activations."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.erf import erf
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
_ROOT, _CUBIC = math.sqrt(2 / math.pi), 0.044715


def gelu(x: Array, approximate: str) -> Any:
    out = _approximately(x) if approximate == "tanh" else erf(x * math.sqrt(0.5))
    out += 1
    out *= x
    out *= 0.5
    return out


def gelu_grad(g: Array, x: Array, approximate: str) -> Any:
    if approximate == "tanh":
        t = _approximately(x)
        rise = (x * x * (3 * _CUBIC) + 1) * (x * _ROOT) * (1 - t * t)
        return g * ((t + 1 + rise) * 0.5)
    phi = np.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return g * ((erf(x * math.sqrt(0.5)) + 1) * 0.5 + x * phi)


def _approximately(x: Array) -> Array:
    """2 Phi(x) - 1 by the paper's formula."""
    return np.asarray(np.tanh((x * x * x * _CUBIC + x) * _ROOT))


KERNELS: dict[str, Kernel] = {"gelu": gelu, "gelu_grad": gelu_grad}
