"""The error function, which NumPy doesn't have.

W. J. Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969): three rational
functions for |x| <= 0.46875, |x| <= 4 and beyond, good to the last bits of a double.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

_NEAR = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
_FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e0,
        1.87295284992346725e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)
_SQRT_PI = 1.7724538509055160273


def _ratio(parts: tuple[tuple[float, ...], tuple[float, ...]], x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    top, bottom = (np.full_like(x, part[0]) for part in parts)
    for a, b in zip(parts[0][1:], parts[1][1:], strict=True):
        top = top * x + a
        bottom = bottom * x + b
    ratio: npt.NDArray[Any] = top / bottom
    return ratio


def erf(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """erf of each element, computed in float64, in x's dtype."""
    wide = np.atleast_1d(np.asarray(x, np.float64))
    size = np.abs(wide)
    square = size * size
    near = wide * _ratio(_NEAR, np.minimum(square, 0.25))
    middle = 1 - np.exp(-square) * _ratio(_MIDDLE, np.minimum(size, 4.0))
    inverse = 1 / np.maximum(square, 16.0)
    tail = (1 / _SQRT_PI - inverse * _ratio(_FAR, inverse)) / np.maximum(size, 4.0)
    far = 1 - np.exp(-square) * tail
    outside = np.copysign(np.where(size <= 4.0, middle, far), wide)
    out = np.where(size <= 0.46875, near, outside)
    narrow: npt.NDArray[Any] = out.reshape(np.shape(x)).astype(x.dtype)
    return narrow
