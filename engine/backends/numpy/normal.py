"""The error function's complement and inverse, and the normal distribution's functions.

The complement: W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969).
The inverse: M. J. Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied
Statistics 37 (1988), PPND16. All in float64, and given in the operand's dtype.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.erf import erf, tail
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]

# highest power first, numerator and denominator
_CENTRE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
_MIDDLE = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
_TAIL = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)


def _wide(x: Array) -> Array:
    return np.atleast_1d(np.asarray(x, np.float64))


def _narrow(out: Array, x: Array) -> Array:
    return np.asarray(out.reshape(np.shape(x)), x.dtype)


def _ratio(parts: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    return np.polyval(parts[0], x) / np.polyval(parts[1], x)


def _percentage_point(centre: Array, smaller: Array) -> Array:
    """The normal deviate of p, given p - 1/2 and the smaller of p and 1 - p, each without cancellation."""
    near = centre * _ratio(_CENTRE, 0.180625 - np.minimum(centre * centre, 0.180625))
    depth = np.sqrt(-np.log(smaller))
    shallow = _ratio(_MIDDLE, np.clip(depth, 1.0, 5.0) - 1.6)
    deep = _ratio(_TAIL, np.maximum(np.where(np.isinf(depth), 27.0, depth), 5.0) - 5.0)
    far = np.copysign(np.where(depth <= 5.0, shallow, deep), centre)
    out = np.where(np.absolute(centre) <= 0.425, near, far)
    return np.where(smaller == 0, np.copysign(np.inf, centre), np.where(smaller < 0, np.nan, out))


def erfc(x: Array) -> Array:
    wide = _wide(x)
    near = 1 - erf(wide)
    far = np.exp(-wide * wide) * tail(np.absolute(wide))
    return _narrow(np.where(np.absolute(wide) <= 0.46875, near, np.where(wide < 0, 2 - far, far)), x)


def erfcx(x: Array) -> Array:
    wide = _wide(x)
    scale = np.exp(wide * wide)
    far = tail(np.absolute(wide))
    out = np.where(wide < 0, 2 * scale - far, far)
    return _narrow(np.where(np.absolute(wide) <= 0.46875, scale * (1 - erf(wide)), out), x)


def log_ndtr(x: Array) -> Array:
    wide = _wide(x)
    t = wide * -math.sqrt(0.5)
    low = np.log(erfcx(np.maximum(t, 0.0)) / 2) - t * t
    high = np.log1p(-erfc(-t) / 2)
    return _narrow(np.where(wide < -1, low, high), x)


def ndtri(x: Array) -> Array:
    wide = _wide(x)
    return _narrow(_percentage_point(wide - 0.5, np.minimum(wide, 1 - wide)), x)


def erfinv(x: Array) -> Array:
    wide = _wide(x)
    return _narrow(_percentage_point(wide / 2, (1 - np.absolute(wide)) / 2) * math.sqrt(0.5), x)


def entr(x: Array) -> Any:
    out = np.where(x == 0, x.dtype.type(0), -x * np.log(np.where(x > 0, x, 1)))
    return np.where(x < 0, x.dtype.type(-np.inf), np.where(np.isnan(x), x, out))


def xlog1py(a: Array, b: Array) -> Any:
    # a NaN in b stays one, also where a is 0
    return np.where((a == 0) & ~np.isnan(b), a.dtype.type(0), a * np.log1p(b))


KERNELS: dict[str, Kernel] = {
    "erfc": erfc,
    "erfcx": erfcx,
    "erfinv": erfinv,
    "log_ndtr": log_ndtr,
    "ndtri": ndtri,
    "entr": entr,
    "xlog1py": xlog1py,
}
