"""Shapes of matrix products."""

from engine.backends.meta.array import MetaArray, broadcast, count
from engine.backends.registry import Kernel
from engine.errors import ShapeError


def _matmul(a: MetaArray, b: MetaArray) -> MetaArray:
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: {a.shape} @ {b.shape}: the last axis of the first is {a.shape[-1]} "
            f"and the second to last of the second is {b.shape[-2]}; they must be equal"
        )
    lead = broadcast("matmul", a.shape[:-2], b.shape[:-2])
    return MetaArray((*lead, a.shape[-2], b.shape[-1]), a.dtype)


def _linear(x: MetaArray, weight: MetaArray, bias: MetaArray | None = None) -> MetaArray:
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        # images, most often, that were to become vectors
        flat = x.ndim > 2 and weight.ndim == 2 and count(x.shape[1:]) == weight.shape[1]
        raise ShapeError(
            f"linear: input {x.shape} doesn't fit weight {weight.shape}: the input's last axis must be "
            f"the weight's in_features, its second axis{'; flatten(1) the input first' if flat else ''}"
        )
    if bias is not None and bias.shape != (weight.shape[0],):
        raise ShapeError(
            f"linear: bias {bias.shape} must have shape ({weight.shape[0]},), the weight's out_features"
        )
    return MetaArray((*x.shape[:-1], weight.shape[0]), x.dtype)


KERNELS: dict[str, Kernel] = {"matmul": _matmul, "linear": _linear, "linear_no_bias": _linear}
