"""Shapes of special functions."""

from engine.backends.meta.array import MetaArray, broadcast
from engine.backends.meta.elementwise import same
from engine.backends.registry import Kernel


def _xlog1py(a: MetaArray, b: MetaArray) -> MetaArray:
    return MetaArray(broadcast("xlog1py", a.shape, b.shape), a.dtype)


def _zeta(s: MetaArray, q: MetaArray) -> MetaArray:
    return MetaArray(broadcast("zeta", s.shape, q.shape), q.dtype)


_UNARY = "erfc erfcx erfinv log_ndtr ndtri entr lgamma digamma polygamma i0 i1 i0e i1e"

KERNELS: dict[str, Kernel] = {
    **dict.fromkeys(_UNARY.split(), same),
    "xlog1py": _xlog1py,
    "zeta": _zeta,
}
