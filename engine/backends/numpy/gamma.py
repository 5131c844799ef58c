"""The gamma function's family and Hurwitz' zeta function, by the asymptotic series of NIST's DLMF.

All are computed in float64, where they are good to about 1e-14, and given in the operand's dtype.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]

# from here on the series below, in powers of 1 / x^2, end within the last bits of a double
_LARGE = 10.0
# Bernoulli's numbers B_2, B_4, ...
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


def _series(x: Array, coefficients: list[float]) -> Array:
    """sum of c_k x^-2k, k = 0, 1, ..."""
    inverse = 1 / (x * x)
    out = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        out = out * inverse + c
    return out


def _wide(x: Array) -> Array:
    return np.atleast_1d(np.asarray(x, np.float64))


def _narrow(out: Array, x: Array) -> Array:
    return np.asarray(out.reshape(np.shape(x)), x.dtype)


def lgamma(x: Array) -> Array:
    """log |Gamma(x)|: DLMF 5.11.1 above 10, by the recurrence below, by reflection (5.5.3) below 0.5."""
    wide = _wide(x)
    reflected = wide < 0.5
    z = np.where(reflected, 1 - wide, wide)
    shifted, product = z, np.ones_like(z)
    for _ in range(int(_LARGE)):
        low = shifted < _LARGE
        product = np.where(low, product * shifted, product)
        shifted = np.where(low, shifted + 1, shifted)
    terms = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1)]
    main = (shifted - 0.5) * np.log(shifted) - shifted + 0.5 * math.log(2 * math.pi)
    out = main + _series(shifted, terms) / shifted - np.log(product)
    out = np.where(np.isposinf(z), np.inf, out)
    # sin of the distance to the next whole number, so that large arguments lose no digits
    sine = np.sin(np.pi * (wide - np.rint(wide)))
    out = np.where(reflected, math.log(math.pi) - np.log(np.absolute(sine)) - out, out)
    return _narrow(np.where(np.isneginf(wide), np.inf, out), x)


def digamma(x: Array) -> Array:
    """The derivative of lgamma: DLMF 5.11.2, 5.5.2 and 5.5.4. -inf at 0, NaN at other poles."""
    wide = _wide(x)
    reflected = wide < 0.5
    z = np.where(reflected, 1 - wide, wide)
    total = np.zeros_like(z)
    for _ in range(int(_LARGE)):
        low = z < _LARGE
        total = np.where(low, total - 1 / z, total)
        z = np.where(low, z + 1, z)
    terms = [b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)]
    out = np.log(z) - 0.5 / z - _series(z, terms) / (z * z) + total
    fraction = wide - np.rint(wide)
    out = np.where(reflected, out - np.pi / np.tan(np.pi * fraction), out)
    pole = (wide <= 0) & (fraction == 0)
    out = np.where(pole, np.where(wide == 0, np.copysign(np.inf, -wide), np.nan), out)
    return _narrow(out, x)


def _zeta(s: Array, q: Array) -> Array:
    """sum over k >= 0 of (k + q)^-s by Euler-Maclaurin's formula (DLMF 25.11.28), for s > 1."""
    s, q = np.broadcast_arrays(s, q)
    total, a = np.zeros(q.shape), np.array(q)
    # below 0 there are as many more terms as it takes to come above it
    while (low := a < _LARGE).any():
        total = np.where(low, total + a**-s, total)
        a = np.where(low, a + 1, a)
    power = a**-s
    total = total + a * power / (s - 1) + 0.5 * power
    factor = s * power / a
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + b / math.factorial(2 * k) * factor
        factor = factor * (s + 2 * k - 1) * (s + 2 * k) / (a * a)
    return np.where(np.isposinf(q), 0.0, total)


def zeta(s: Array, q: Array) -> Array:
    """Hurwitz' zeta function; 1 is a pole in s, and the whole numbers up to 0 are poles in q."""
    wide_s, wide_q = _wide(s), _wide(q)
    whole = wide_q == np.floor(wide_q)
    defined = (wide_s > 1) & ((wide_q > 0) | (~whole & (wide_s == np.floor(wide_s))))
    out = _zeta(np.where(defined, wide_s, 2.0), np.where(defined, wide_q, 1.0))
    infinite = (wide_s == 1) | ((wide_s > 1) & (wide_q <= 0) & whole)
    out = np.where(defined, out, np.where(infinite, np.inf, np.nan))
    return np.asarray(out.reshape(np.broadcast_shapes(np.shape(s), np.shape(q))), q.dtype)


def polygamma(x: Array, n: int) -> Array:
    """The n-th derivative of digamma: (-1)^(n+1) n! zeta(n + 1, x), DLMF 5.15.1."""
    if n == 0:
        return digamma(x)
    wide = _wide(x)
    if n == 1:
        # by reflection (DLMF 5.15.6) below 1/2, where the sum might be long
        reflected = wide < 0.5
        out = zeta(np.asarray(2.0), np.where(reflected, 1 - wide, wide))
        sine = np.sin(np.pi * (wide - np.rint(wide)))
        return _narrow(np.where(reflected, (np.pi / sine) ** 2 - out, out), x)
    factorial = math.factorial(n) if n <= 170 else math.inf  # in float64
    return _narrow((-1) ** (n + 1) * factorial * zeta(np.asarray(n + 1.0), wide), x)


KERNELS: dict[str, Kernel] = {
    "lgamma": lgamma,
    "digamma": digamma,
    "polygamma": polygamma,
    "zeta": zeta,
}
