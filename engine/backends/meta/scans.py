"""Shapes of norms, of running sums in log space, and of the parts of a number."""

import math

import numpy as np

from engine.backends.meta.array import MetaArray, reduced
from engine.backends.meta.elementwise import same
from engine.backends.registry import Kernel
from engine.errors import ShapeError


def _vector_norm(x: MetaArray, p: float, dim: tuple[int, ...], keepdim: bool) -> MetaArray:
    if (math.isinf(p) or p < 0) and any(x.shape[axis] == 0 for axis in dim):
        raise ShapeError(f"the {p}-norm of no elements isn't defined: shape {x.shape}, axes {dim}")
    return MetaArray(reduced(x.shape, dim, keepdim), x.dtype)


def _frexp(x: MetaArray) -> tuple[MetaArray, MetaArray]:
    return MetaArray(x.shape, x.dtype), MetaArray(x.shape, np.int32)


KERNELS: dict[str, Kernel] = {
    "vector_norm": _vector_norm,
    **dict.fromkeys(("logcumsumexp", "logcumsumexp_grad", "logcumsumexp_sum"), same),
    "frexp": _frexp,
}
