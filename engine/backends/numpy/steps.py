"""Steps of optimizers: each kernel overwrites the parameter and its state, in their dtype."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.updates import descent
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]


def _towards(mean: Array, x: Array, share: float) -> None:
    """mean += share (x - mean)"""
    mean += (x - mean) * share


def _decayed(x: Array, keep: float, g: Array) -> None:
    """x = keep x + (1 - keep) g^2"""
    x *= keep
    x += g * g * (1 - keep)


def adagrad(
    p: Array,
    g: Array,
    total: Array,
    step: Array,
    lr: Array,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    step += 1
    g = descent(p, g, weight_decay, maximize)
    total += g * g
    p -= g / (np.sqrt(total) + eps) * (float(lr) / (1 + (float(step) - 1) * lr_decay))


def adadelta(
    p: Array,
    g: Array,
    v: Array,
    u: Array,
    step: Array,
    lr: Array,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    step += 1
    g = descent(p, g, weight_decay, maximize)
    _decayed(v, rho, g)
    update = np.sqrt(u + eps) / np.sqrt(v + eps) * g
    _decayed(u, rho, update)
    p -= update * float(lr)


def adamax(
    p: Array,
    g: Array,
    m: Array,
    u: Array,
    step: Array,
    lr: Array,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    step += 1
    g = descent(p, g, weight_decay, maximize)
    _towards(m, g, 1 - beta1)
    u *= beta2
    np.maximum(u, np.abs(g) + eps, out=u)
    p -= m / u * (float(lr) / (1 - beta1 ** float(step)))


def nadam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    mu_product: Array,
    step: Array,
    lr: Array,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    momentum_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    step += 1
    t, rate = float(step), float(lr)
    if decoupled:
        p *= 1 - rate * weight_decay
    g = descent(p, g, 0.0 if decoupled else weight_decay, maximize)
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    mu_product *= mu
    product = float(mu_product)
    _towards(m, g, 1 - beta1)
    _decayed(v, beta2, g)
    denominator = np.sqrt(v / (1 - beta2**t)) + eps
    p -= g / denominator * (rate * (1 - mu) / (1 - product))
    p -= m / denominator * (rate * mu_next / (1 - product * mu_next))


def radam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
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
    _towards(m, g, 1 - beta1)
    _decayed(v, beta2, g)
    correction = 1 - beta2**t
    # the degrees of freedom of the mean v, in the limit and so far
    limit = 2 / (1 - beta2) - 1
    rho = limit - 2 * t * beta2**t / correction
    rate /= 1 - beta1**t
    if rho > 5:
        rectified = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
        p -= m / (np.sqrt(v) + eps) * (rate * (rectified * correction) ** 0.5)
    else:
        p -= m * rate


def _rmsprop(
    p: Array,
    g: Array,
    v: Array,
    m: Array | None,
    b: Array | None,
    step: Array,
    lr: Array,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    maximize: bool,
) -> None:
    step += 1
    g = descent(p, g, weight_decay, maximize)
    _decayed(v, alpha, g)
    spread = v
    if m is not None:
        _towards(m, g, 1 - alpha)
        spread = v - m * m
    quotient = g / (np.sqrt(spread) + eps)
    if b is None:
        p -= quotient * float(lr)
    else:
        b *= momentum
        b += quotient
        p -= b * float(lr)


def rmsprop(p: Array, g: Array, v: Array, step: Array, lr: Array, *attrs: Any) -> None:
    alpha, eps, weight_decay, maximize = attrs
    _rmsprop(p, g, v, None, None, step, lr, alpha, eps, weight_decay, 0.0, maximize)


def rmsprop_centered(p: Array, g: Array, v: Array, m: Array, step: Array, lr: Array, *attrs: Any) -> None:
    alpha, eps, weight_decay, maximize = attrs
    _rmsprop(p, g, v, m, None, step, lr, alpha, eps, weight_decay, 0.0, maximize)


def rmsprop_momentum(p: Array, g: Array, v: Array, b: Array, step: Array, lr: Array, *attrs: Any) -> None:
    _rmsprop(p, g, v, None, b, step, lr, *attrs)


def rmsprop_centered_momentum(
    p: Array, g: Array, v: Array, m: Array, b: Array, step: Array, lr: Array, *attrs: Any
) -> None:
    _rmsprop(p, g, v, m, b, step, lr, *attrs)


def asgd(
    p: Array,
    g: Array,
    ax: Array,
    eta: Array,
    mu: Array,
    step: Array,
    lr: Array,
    lambd: float,
    alpha: float,
    t0: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    step += 1
    t, rate, now = float(step), float(lr), float(eta)
    g = descent(p, g, weight_decay, maximize)
    p *= 1 - lambd * now
    p -= g * now
    share = float(mu)
    if share == 1:
        np.copyto(ax, p)
    else:
        _towards(ax, p, share)
    eta.fill(rate / (1 + lambd * rate * t) ** alpha)
    mu.fill(1 / max(1, t - t0))


def rprop(
    p: Array,
    g: Array,
    prev: Array,
    sizes: Array,
    step: Array,
    eta_minus: float,
    eta_plus: float,
    size_min: float,
    size_max: float,
    maximize: bool,
) -> None:
    step += 1
    g = descent(p, g, 0.0, maximize)
    agreement = g * prev
    sizes *= np.where(agreement > 0, eta_plus, np.where(agreement < 0, eta_minus, 1)).astype(sizes.dtype)
    np.clip(sizes, size_min, size_max, out=sizes)
    # where the sign has turned, the step only shrinks, and the next one counts as a first
    np.copyto(prev, np.where(agreement < 0, g.dtype.type(0), g))
    p -= np.sign(prev) * sizes


def lion(
    p: Array,
    g: Array,
    m: Array,
    lr: Array,
    beta1: float,
    beta2: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    rate = float(lr)
    g = descent(p, g, 0.0, maximize)
    p *= 1 - rate * weight_decay
    p -= np.sign(m * beta1 + g * (1 - beta1)) * rate
    m *= beta2
    m += g * (1 - beta2)


KERNELS: dict[str, Kernel] = {
    "adagrad_step": adagrad,
    "adadelta_step": adadelta,
    "adamax_step": adamax,
    "nadam_step": nadam,
    "radam_step": radam,
    "rmsprop_step": rmsprop,
    "rmsprop_centered_step": rmsprop_centered,
    "rmsprop_momentum_step": rmsprop_momentum,
    "rmsprop_centered_momentum_step": rmsprop_centered_momentum,
    "asgd_step": asgd,
    "rprop_step": rprop,
    "lion_step": lion,
}
