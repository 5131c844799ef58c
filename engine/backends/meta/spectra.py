"""Shapes and dtypes of Fourier transforms, and of complex numbers' parts."""

from typing import Any

from engine.backends.meta.array import MetaArray, Shape, broadcast
from engine.backends.meta.elementwise import same
from engine.backends.registry import Kernel
from engine.dtypes import of
from engine.errors import DTypeError, ShapeError

Dims = tuple[int, ...]


def _real(dtype: Any) -> Any:
    return of(dtype).to_real().numpy


def _complex(dtype: Any) -> Any:
    return of(dtype).to_complex().numpy


def _along(shape: Shape, axis: int, n: int) -> Shape:
    return (*shape[:axis], n, *shape[axis + 1 :])


def _r2c(x: MetaArray, dim: Dims, norm: str) -> MetaArray:
    return MetaArray(_along(x.shape, dim[-1], x.shape[dim[-1]] // 2 + 1), _complex(x.dtype))


def _c2r(x: MetaArray, dim: Dims, norm: str, n: int) -> MetaArray:
    return MetaArray(_along(x.shape, dim[-1], n), _real(x.dtype))


def _part(x: MetaArray) -> MetaArray:
    return MetaArray(x.shape, _real(x.dtype))


def _joined(a: MetaArray, b: MetaArray) -> MetaArray:
    return MetaArray(broadcast("complex", a.shape, b.shape), _complex(a.dtype))


def _view_as_real(x: MetaArray) -> MetaArray:
    return MetaArray((*x.shape, 2), _real(x.dtype))


def _view_as_complex(x: MetaArray) -> MetaArray:
    if not x.shape or x.shape[-1] != 2:
        raise ShapeError(f"view_as_complex: the last axis holds the two parts, and the shape is {x.shape}")
    if x.dtype.kind != "f":
        raise DTypeError(f"view_as_complex needs float32 or float64, not {x.dtype}")
    return MetaArray(x.shape[:-1], _complex(x.dtype))


KERNELS: dict[str, Kernel] = {
    "fft_c2c": same,
    "fft_r2c": _r2c,
    "fft_c2r": _c2r,
    "real": _part,
    "imag": _part,
    "conj": same,
    "complex": _joined,
    "view_as_real": _view_as_real,
    "view_as_complex": _view_as_complex,
}
