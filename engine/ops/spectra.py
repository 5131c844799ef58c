"""Discrete Fourier transforms over the axes `dim`, a tuple of non-negative ones.

norm: "backward", "ortho" or "forward": on which of a transform and its inverse the factor 1/n stands
The gradient of a transform is the one in the other direction with the same factor, so rules turn norm round.
Half spectra are of real signals: along the last axis of `dim` they leave out what the rest implies.
"""

from typing import Any

from engine.ops.complex import REAL
from engine.ops.op import Op
from engine.ops.shapes import CAT
from engine.ops.table import op

TURNED = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _whole(g: Any, n: int, axis: int) -> Any:
    """A half spectrum with zeros for the rest of n."""
    missing = n - g.shape[axis]
    if missing == 0:
        return g
    zeros = g.new_zeros(tuple(missing if k == axis else m for k, m in enumerate(g.shape)))
    return CAT(g, zeros, axis)


def _twice_inside(g: Any, n: int, axis: int) -> Any:
    """Twice what stands for two entries of the whole: all but the first and, where n is even, the last."""
    inside = (n - 1) // 2
    if inside == 0:
        return g
    parts = [g.narrow(axis, 0, 1), g.narrow(axis, 1, inside) * 2]
    if g.shape[axis] > inside + 1:
        parts.append(g.narrow(axis, inside + 1, g.shape[axis] - inside - 1))
    return CAT(*parts, axis)


FFT_C2C: Op = op(
    "fft_c2c",
    "x",
    "dim norm inverse",
    vjp=(lambda g, dim, norm, inverse: FFT_C2C(g, dim, TURNED[norm], not inverse),),
)
# real to the half spectrum
FFT_R2C: Op = op(
    "fft_r2c",
    "x",
    "dim norm",
    vjp=(
        lambda g, x_shape, dim, norm: REAL(
            FFT_C2C(_whole(g, x_shape[dim[-1]], dim[-1]), dim, TURNED[norm], True)
        ),
    ),
)
# the half spectrum to n real numbers along the last axis of `dim`, by the inverse transform
FFT_C2R: Op = op(
    "fft_c2r",
    "x",
    "dim norm n",
    vjp=(lambda g, dim, norm, n: _twice_inside(FFT_R2C(g, dim, TURNED[norm]), n, dim[-1]),),
)
