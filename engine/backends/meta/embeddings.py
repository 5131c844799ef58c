"""Shapes of picked and added rows."""

from typing import Any

from engine.backends.meta.array import MetaArray
from engine.backends.registry import Kernel


def _embedding(weight: MetaArray, indices: MetaArray, *_: Any) -> MetaArray:
    return MetaArray((*indices.shape, weight.shape[1]), weight.dtype)


def _embedding_grad(g: MetaArray, indices: MetaArray, rows: int, *_: Any) -> MetaArray:
    return MetaArray((rows, g.shape[-1]), g.dtype)


def _embedding_renorm(weight: MetaArray, indices: MetaArray, max_norm: float, p: float) -> None:
    """Nothing to compute, nothing to check."""


KERNELS: dict[str, Kernel] = {
    "embedding": _embedding,
    "embedding_grad": _embedding_grad,
    "embedding_renorm": _embedding_renorm,
}
