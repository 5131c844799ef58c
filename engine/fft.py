"""Discrete Fourier transforms, as torch.fft: single or double precision, real or complex.

n or s: the length of the signal along each axis; longer ones are cut, shorter ones padded with zeros
norm: where the factor 1/n stands: "backward" (the default) on the inverse, "forward" on the transform,
    "ortho": its root on both
"""

from collections.abc import Sequence
from typing import Any

from engine.autograd.tape import unary
from engine.device import Device
from engine.dtypes import DType, get_default_dtype
from engine.errors import DTypeError, ShapeError
from engine.ops import spectra as ops
from engine.ops.shapes import CAT
from engine.tensor import Tensor
from engine.tensor.axes import Dim, axes, axis
from engine.tensor.blocks import roll
from engine.tensor.casting import in_single
from engine.tensor.creation import arange
from engine.tensor.promotion import cast, inexact
from engine.tensor.refusals import explain

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

Sizes = Sequence[int] | None


@in_single
def _prepared(name: str, x: Tensor, wanted: str) -> Tensor:
    """x in single or double precision; complex, or real, where the transform asks for that."""
    x = inexact(x)
    if x.dtype.itemsize < 4:
        raise DTypeError(
            f"{name} computes in single or double precision, not {x.dtype}; convert with .float()"
        )
    if wanted == "real" and x.is_complex():
        raise DTypeError(f"{name} takes real numbers, not {x.dtype}; use {name.replace('r', '', 1)}")
    return cast(x, x.dtype.to_complex()) if wanted == "complex" else x


def _checked_norm(norm: str | None) -> str:
    if norm is not None and norm not in ops.TURNED:
        raise ShapeError(f"norm must be 'backward', 'ortho' or 'forward', not {norm!r}")
    return norm or "backward"


def _resized(name: str, x: Tensor, n: int | None, dim: int) -> Tensor:
    """x cut, or padded with zeros, to length n along an axis."""
    length = x.shape[dim]
    n = length if n is None else n
    if n < 1:
        raise ShapeError(f"{name}: {n} points along axis {dim} of shape {x.shape}; at least 1 is needed")
    if n == length:
        return x
    if n < length:
        return x.narrow(dim, 0, n)
    zeros = x.new_zeros(tuple(n - length if k == dim else m for k, m in enumerate(x.shape)))
    padded: Tensor = CAT(x, zeros, dim)
    return padded


def _along(name: str, x: Tensor, s: Sizes, dim: Dim) -> tuple[list[int | None], tuple[int, ...]]:
    """Per axis of the transform its length (None: as it is), and the axis."""
    if dim is not None:
        named = [dim] if isinstance(dim, int) else list(dim)
        found = tuple(axis(d, x.ndim) for d in named)
        if len(set(found)) != len(found):
            raise ShapeError(f"{name}: an axis appears twice in {tuple(named)}")
    elif s is not None:
        if len(s) > x.ndim:
            raise ShapeError(f"{name}: {len(s)} lengths for a tensor of {x.ndim} axes")
        found = tuple(range(x.ndim - len(s), x.ndim))
    else:
        found = tuple(range(x.ndim))
    if s is not None and len(s) != len(found):
        raise ShapeError(f"{name}: {len(s)} lengths {tuple(s)} for {len(found)} axes {found}")
    return [None if n == -1 else n for n in s] if s is not None else [None] * len(found), found


def _c2c(name: str, x: Tensor, s: Sizes, dim: Dim, norm: str | None, inverse: bool) -> Tensor:
    x = _prepared(name, x, "complex")
    lengths, at = _along(name, x, s, dim)
    for n, d in zip(lengths, at, strict=True):
        x = _resized(name, x, n, d)
    return unary(ops.FFT_C2C, x, (at, _checked_norm(norm), inverse)) if at else x.clone()


def _r2c(name: str, x: Tensor, s: Sizes, dim: Dim, norm: str) -> Tensor:
    x = _prepared(name, x, "real")
    lengths, at = _along(name, x, s, dim)
    if not at:
        raise ShapeError(f"{name} needs at least one axis")
    for n, d in zip(lengths, at, strict=True):
        x = _resized(name, x, n, d)
    return unary(ops.FFT_R2C, x, (at, norm))


def _c2r(name: str, x: Tensor, s: Sizes, dim: Dim, norm: str) -> Tensor:
    x = _prepared(name, x, "complex")
    lengths, at = _along(name, x, s, dim)
    if not at:
        raise ShapeError(f"{name} needs at least one axis")
    *others, n = lengths
    for m, d in zip(others, at[:-1], strict=True):
        x = _resized(name, x, m, d)
    n = 2 * (x.shape[at[-1]] - 1) if n is None else n
    if n < 1:
        raise ShapeError(f"{name}: {n} points along axis {at[-1]}; at least 1 is needed")
    return unary(ops.FFT_C2R, _resized(name, x, n // 2 + 1, at[-1]), (at, norm, n))


def _one(n: int | None) -> Sizes:
    return None if n is None else (n,)


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """sum over j of x_j exp(-2 pi i j k / n); complex."""
    return _c2c("fft", input, _one(n), dim, norm, False)


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of fft."""
    return _c2c("ifft", input, _one(n), dim, norm, True)


def fft2(input: Tensor, s: Sizes = None, dim: Dim = (-2, -1), norm: str | None = None) -> Tensor:
    """fft along two axes."""
    return _c2c("fft2", input, s, dim, norm, False)


def ifft2(input: Tensor, s: Sizes = None, dim: Dim = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of fft2."""
    return _c2c("ifft2", input, s, dim, norm, True)


def fftn(input: Tensor, s: Sizes = None, dim: Dim = None, norm: str | None = None) -> Tensor:
    """fft along several axes: `dim`, the last ones that `s` has lengths for, or all."""
    return _c2c("fftn", input, s, dim, norm, False)


def ifftn(input: Tensor, s: Sizes = None, dim: Dim = None, norm: str | None = None) -> Tensor:
    """The inverse of fftn."""
    return _c2c("ifftn", input, s, dim, norm, True)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first n // 2 + 1 entries of a real signal's fft, which imply the rest."""
    return _r2c("rfft", input, _one(n), dim, _checked_norm(norm))


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of rfft: n real numbers, 2 (m - 1) of m entries unless given."""
    return _c2r("irfft", input, _one(n), dim, _checked_norm(norm))


def rfft2(input: Tensor, s: Sizes = None, dim: Dim = (-2, -1), norm: str | None = None) -> Tensor:
    """rfft along the last of two axes, fft along the other."""
    return _r2c("rfft2", input, s, dim, _checked_norm(norm))


def irfft2(input: Tensor, s: Sizes = None, dim: Dim = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of rfft2."""
    return _c2r("irfft2", input, s, dim, _checked_norm(norm))


def rfftn(input: Tensor, s: Sizes = None, dim: Dim = None, norm: str | None = None) -> Tensor:
    """rfft along the last of several axes, fft along the others."""
    return _r2c("rfftn", input, s, dim, _checked_norm(norm))


def irfftn(input: Tensor, s: Sizes = None, dim: Dim = None, norm: str | None = None) -> Tensor:
    """The inverse of rfftn."""
    return _c2r("irfftn", input, s, dim, _checked_norm(norm))


def _hermitian(name: str, x: Tensor, s: Sizes, dim: Dim, norm: str | None) -> Tensor:
    # conj(x)'s inverse transform is conj of x's transform, which is real
    return _c2r(name, _prepared(name, x, "complex").conj(), s, dim, ops.TURNED[_checked_norm(norm)])


def _to_hermitian(name: str, x: Tensor, s: Sizes, dim: Dim, norm: str | None) -> Tensor:
    return _r2c(name, x, s, dim, ops.TURNED[_checked_norm(norm)]).conj()


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """fft of a signal with x_-j = conj(x_j), given by its first n // 2 + 1 entries; real."""
    return _hermitian("hfft", input, _one(n), dim, norm)


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of hfft."""
    return _to_hermitian("ihfft", input, _one(n), dim, norm)


def hfft2(input: Tensor, s: Sizes = None, dim: Dim = (-2, -1), norm: str | None = None) -> Tensor:
    """hfft along the last of two axes, fft along the other."""
    return _hermitian("hfft2", input, s, dim, norm)


def ihfft2(input: Tensor, s: Sizes = None, dim: Dim = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of hfft2."""
    return _to_hermitian("ihfft2", input, s, dim, norm)


def hfftn(input: Tensor, s: Sizes = None, dim: Dim = None, norm: str | None = None) -> Tensor:
    """hfft along the last of several axes, fft along the others."""
    return _hermitian("hfftn", input, s, dim, norm)


def ihfftn(input: Tensor, s: Sizes = None, dim: Dim = None, norm: str | None = None) -> Tensor:
    """The inverse of hfftn."""
    return _to_hermitian("ihfftn", input, s, dim, norm)


def fftshift(input: Tensor, dim: Dim = None) -> Tensor:
    """The frequency zero moved from the start to the middle of each axis of `dim` (all unless given)."""
    at = axes(dim, input.ndim)
    return roll(input, [input.shape[d] // 2 for d in at], at) if at else input.clone()


def ifftshift(input: Tensor, dim: Dim = None) -> Tensor:
    """The inverse of fftshift."""
    at = axes(dim, input.ndim)
    return roll(input, [-(input.shape[d] // 2) for d in at], at) if at else input.clone()


def _frequencies(first: int, count: int, n: int, d: float, options: dict[str, Any]) -> Tensor:
    if n < 1:
        raise ShapeError(f"{n} points have no frequencies; at least 1 is needed")
    grid = arange(
        first, first + count, dtype=options["dtype"] or get_default_dtype(), device=options["device"]
    )
    out = grid * (1.0 / (n * d))
    return out.requires_grad_() if options["requires_grad"] else out


def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of fft's n entries, in cycles per unit of the sample spacing d; negative ones last."""
    options = {"dtype": dtype, "device": device, "requires_grad": False}
    out = ifftshift(_frequencies(-(n // 2), n, n, d, options))
    return out.requires_grad_() if requires_grad else out


def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    dtype: DType | None = None,
    device: str | Device | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of rfft's n // 2 + 1 entries, in cycles per unit of the sample spacing d."""
    options = {"dtype": dtype, "device": device, "requires_grad": requires_grad}
    return _frequencies(0, n // 2 + 1, n, d, options)


explain(globals(), __all__)
