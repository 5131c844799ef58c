"""Fourier transforms by NumPy's pocketfft, which keeps single precision, and complex numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Dims = tuple[int, ...]


def c2c(x: Array, dim: Dims, norm: Any, inverse: bool) -> Array:
    return (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=dim, norm=norm)


def r2c(x: Array, dim: Dims, norm: Any) -> Array:
    return np.fft.rfftn(x, axes=dim, norm=norm)


def c2r(x: Array, dim: Dims, norm: Any, n: int) -> Array:
    return np.fft.irfftn(x, s=[*(x.shape[axis] for axis in dim[:-1]), n], axes=dim, norm=norm)


def real(x: Array) -> Array:
    return x.real


def imag(x: Array) -> Array:
    return x.imag


def complex_(a: Array, b: Array) -> Array:
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.result_type(a.dtype, np.complex64))
    out.real = a
    out.imag = b
    return out


def view_as_real(x: Array) -> Array:
    return x[..., None].view(x.real.dtype)


def view_as_complex(x: Array) -> Any:
    return x.view(np.result_type(x.dtype, np.complex64))[..., 0]


KERNELS: dict[str, Kernel] = {
    "fft_c2c": c2c,
    "fft_r2c": r2c,
    "fft_c2r": c2r,
    "real": real,
    "imag": imag,
    "conj": np.conjugate,
    "complex": complex_,
    "view_as_real": view_as_real,
    "view_as_complex": view_as_complex,
}
