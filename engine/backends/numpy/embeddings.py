"""Picking and adding up rows by index."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.registry import Kernel
from engine.errors import IndexError_

Array = npt.NDArray[Any]


def _check(indices: Array, rows: int) -> None:
    # as unsigned numbers negative indices are huge: one pass finds both ends
    if indices.size and indices.view(np.uint64).max() >= rows:
        wrong = indices[(indices < 0) | (indices >= rows)].flat[0]
        raise IndexError_(
            f"embedding: index {wrong} is out of range; with {rows} rows it must be in [0, {rows})"
        )


def embedding(weight: Array, indices: Array, padding_idx: int | None, by_frequency: bool) -> Array:
    _check(indices, weight.shape[0])
    return weight.take(indices, 0)


def embedding_grad(g: Array, indices: Array, rows: int, padding_idx: int | None, by_frequency: bool) -> Array:
    _check(indices, rows)
    width = g.shape[-1]
    flat = indices.reshape(-1)
    out = np.zeros(rows * width, g.dtype)
    # element by element: ufunc.at is several times quicker on vectors than on rows
    np.add.at(out, (flat[:, None] * width + np.arange(width)).reshape(-1), g.reshape(-1))
    out = out.reshape(rows, width)
    if by_frequency:
        out /= np.maximum(np.bincount(flat, minlength=rows), 1).astype(g.dtype)[:, None]
    if padding_idx is not None:
        out[padding_idx] = 0
    return out


def embedding_renorm(weight: Array, indices: Array, max_norm: float, p: float) -> None:
    _check(indices, weight.shape[0])
    picked = np.unique(indices)
    norms = np.linalg.norm(weight[picked], p, 1)
    large = norms > max_norm
    weight[picked[large]] *= (max_norm / (norms[large] + 1e-7))[:, None]


KERNELS: dict[str, Kernel] = {
    "embedding": embedding,
    "embedding_grad": embedding_grad,
    "embedding_renorm": embedding_renorm,
}
