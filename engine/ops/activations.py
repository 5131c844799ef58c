"""Activations that are worth an op: their parts would be as many passes over memory."""

import math
from typing import Any

from engine.ops.op import Op
from engine.ops.table import op

# the factors of the paper's approximation, tanh(ROOT (x + CUBIC x^3)) for 2 Phi(x) - 1
ROOT = math.sqrt(2 / math.pi)
CUBIC = 0.044715


def _gelu_curvature(x: Any, approximate: str) -> Any:
    """The second derivative of gelu."""
    if approximate == "none":
        # Phi + x phi has the slope 2 phi + x phi', and phi' = -x phi
        return (x * x * -0.5).exp() * (2 - x * x) * (1 / math.sqrt(2 * math.pi))
    t = ((x * x * x * CUBIC + x) * ROOT).tanh()
    slope = (x * x * (3 * CUBIC) + 1) * ROOT
    return (1 - t * t) * (slope + x * (x * (3 * CUBIC * ROOT) - t * slope * slope))


# x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016); approximate: "none" or "tanh"
GELU: Op = op("gelu", "x", "approximate", vjp=(lambda g, x, approximate: GELU_GRAD(g, x, approximate),))
GELU_GRAD: Op = op(
    "gelu_grad",
    "g0 x",
    "approximate",
    vjp=(
        lambda g, x, approximate: GELU_GRAD(g, x, approximate),
        lambda g, g0, x, approximate: g * g0 * _gelu_curvature(x, approximate),
    ),
)
