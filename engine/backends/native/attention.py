"""Rows of attention."""

from typing import Any

import numpy as np

from engine.backends.meta.attention import made
from engine.backends.native.rows import BOOL, FLOAT32, MOST_AXES, Array, Native, Row


def _rows(*arrays: Array) -> bool:
    """Whether these are float32 matrices, not empty, whose rows have no gaps."""
    return all(
        x.dtype is FLOAT32
        and 2 <= x.ndim <= MOST_AXES
        and x.size > 0
        and (x.shape[-1] == 1 or x.strides[-1] == 4)
        for x in arrays
    )


def _fits(q: Array, k: Array, v: Array) -> bool:
    alike = q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    return alike and q.shape[-1] == k.shape[-1] and k.shape[-2] == v.shape[-2]


def _masks(mask: list[Array], shape: tuple[int, ...]) -> tuple[Array, ...] | None:
    """The mask as one of the scores' shape; None where the kernel isn't made for it."""
    if not mask:
        return ()
    if mask[0].dtype is not FLOAT32 and mask[0].dtype is not BOOL:
        return None
    try:
        return (np.broadcast_to(mask[0], shape),)
    except ValueError:
        return None


def attention(q: Array, k: Array, v: Array, key: Array, *rest: Any) -> Native | None:
    *mask, p, causal, scale, within = rest
    if not _rows(q, k, v) or not _fits(q, k, v):
        return None
    masks = _masks(mask, (*q.shape[:-1], k.shape[-2]))
    if masks is None:
        return None
    forms = ((made((*q.shape[:-1], v.shape[-1]), within), FLOAT32), (q.shape[:-1], FLOAT32))
    return Native(
        "attention", (q, k, v, key, *masks), forms, (causal, bool(masks), p > 0, within), (scale, p)
    )


def attention_grad(
    g: Array, q: Array, k: Array, v: Array, key: Array, out: Array, lse: Array, *rest: Any
) -> Native | None:
    *mask, p, causal, scale, within = rest
    if not _rows(g, q, k, v, out) or not _fits(q, k, v) or not lse.flags.c_contiguous:
        return None
    masks = _masks(mask, (*q.shape[:-1], k.shape[-2]))
    if masks is None:
        return None
    operands = (g, q, k, v, key, out, lse, *masks)
    forms = tuple((made(x.shape, within), FLOAT32) for x in (q, k, v))
    return Native("attention_grad", operands, forms, (causal, bool(masks), p > 0, within), (scale, p))


ROWS: dict[str, Row] = {"attention": attention, "attention_grad": attention_grad}
