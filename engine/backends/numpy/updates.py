"""Kernels that overwrite their first operand, and the other ones that the op's `mutates` names."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.shapes import filled
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]


def fill(x: Array, value: float) -> None:
    # what doesn't fit an integer dtype wraps around
    x.fill(value if x.dtype.kind not in "iu" else np.asarray(value).astype(x.dtype)[()])


def copy(x: Array, source: Array) -> None:
    x[...] = source


def assign(x: Array, source: Array, *args: Any) -> None:
    x[filled(args[-1], args[:-1])] = source


def put(x: Array, source: Array, *args: Any) -> Array:
    out = np.array(x)
    assign(out, source, *args)
    return out


def accumulate(x: Array, source: Array) -> None:
    np.add(x, source, out=x)


def descent(p: Array, g: Array, weight_decay: float, maximize: bool) -> Array:
    """The gradient to descend along; g itself is never written to."""
    if maximize:
        g = np.negative(g)
    return g + weight_decay * p if weight_decay else g


def sgd_step(p: Array, g: Array, lr: Array, weight_decay: float, maximize: bool) -> None:
    p -= descent(p, g, weight_decay, maximize) * float(lr)


def sgd_momentum_step(
    p: Array,
    g: Array,
    v: Array,
    lr: Array,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
) -> None:
    g = descent(p, g, weight_decay, maximize)
    v *= momentum
    v += g if dampening == 0 else g * (1 - dampening)
    p -= (g + v * momentum if nesterov else v) * float(lr)


def _adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    v_max: Array | None,
    step: Array,
    lr: Array,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    step += 1
    t, rate = float(step), float(lr)
    if decoupled:
        p *= 1 - rate * weight_decay
    g = descent(p, g, 0.0 if decoupled else weight_decay, maximize)
    m += (g - m) * (1 - beta1)
    v *= beta2
    v += g * g * (1 - beta2)
    if v_max is not None:
        np.maximum(v_max, v, out=v_max)
        v = v_max
    # m and v start at zero: divide by the weight that the true gradients have in them
    denominator = np.sqrt(v)
    denominator /= (1 - beta2**t) ** 0.5
    denominator += eps
    p -= m / denominator * (rate / (1 - beta1**t))


def adam_step(p: Array, g: Array, m: Array, v: Array, step: Array, lr: Array, *attrs: Any) -> None:
    _adam(p, g, m, v, None, step, lr, *attrs)


def amsgrad_step(
    p: Array, g: Array, m: Array, v: Array, v_max: Array, step: Array, lr: Array, *attrs: Any
) -> None:
    _adam(p, g, m, v, v_max, step, lr, *attrs)


KERNELS: dict[str, Kernel] = {
    "fill": fill,
    "copy": copy,
    "assign": assign,
    "put": put,
    "accumulate": accumulate,
    "sgd_step": sgd_step,
    "sgd_momentum_step": sgd_momentum_step,
    "adam_step": adam_step,
    "amsgrad_step": amsgrad_step,
}
