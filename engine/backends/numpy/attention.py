"""Attention. What it computes, and what its parts are, is said in engine/ops/attention.py.

The leading axes count as one, N, and are walked in portions, so that the scores of a portion stay in the
cache and those of the whole needn't be held.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.random import halves
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
# scores of one portion
PORTION = 1 << 18


def _rows(x: Array) -> Array:
    """[..., L, E] as [N, L, E]"""
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def _made(rows: Array, shape: tuple[int, ...], within: bool) -> Array:
    """[N, L, E] as [..., H, L, E], or with the heads within as [..., L, H, E]"""
    out = rows.reshape(shape)
    return np.ascontiguousarray(out.swapaxes(-3, -2)) if within else out


def _portions(count: int, scores: int) -> Iterator[slice]:
    step = max(1, PORTION // max(scores, 1))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _masked(mask: list[Array], lead: tuple[int, ...], causal: bool) -> Callable[[Array, slice], Array]:
    """What applies the masks to the scores of a portion, in place."""
    masks: Array | None = None
    which: Array | None = None
    if mask:
        given = mask[0]
        given = given.reshape((1,) * (2 - given.ndim) + given.shape)
        # an expanded mask is read where it lies: which of the different ones belongs to each of N
        strides, shape = given.strides[:-2], given.shape[:-2]
        given = given[
            tuple(slice(0, 1) if s == 0 and n else slice(None) for s, n in zip(strides, shape, strict=True))
        ]
        masks = _rows(given)
        if len(masks) > 1:
            numbers = np.arange(len(masks)).reshape(given.shape[:-2])
            which = np.broadcast_to(numbers, lead).reshape(-1)

    def apply(scores: Array, part: slice) -> Array:
        if masks is not None:
            own = masks if which is None else masks[which[part]]
            if own.dtype == np.bool_:
                np.copyto(scores, -np.inf, where=~own)
            else:
                scores += own
        if causal:
            ahead = np.arange(scores.shape[2]) > np.arange(scores.shape[1])[:, None]
            np.copyto(scores, -np.inf, where=ahead)
        return scores

    return apply


def _kept(key: Array, part: slice, like: Array, p: float) -> Array:
    """1 / (1 - p) where a weight of the portion is kept, else 0."""
    if p == 1:
        return np.zeros_like(like)
    first, count = part.start * like[0].size, like.size
    moved = key.copy()
    moved[2] += first // 8  # a block has eight halves
    drawn = halves(moved, first % 8 + count)[first % 8 :].reshape(like.shape)
    return np.multiply(drawn >= p * 2.0**32, 1 / (1 - p), dtype=like.dtype)


def attention(q: Array, k: Array, v: Array, key: Array, *rest: Any) -> tuple[Array, Array]:
    *mask, p, causal, scale, within = rest
    lead, length = q.shape[:-2], q.shape[-2]
    queries, keys, values = _rows(q), _rows(k), _rows(v)
    apply = _masked(mask, lead, causal)
    out = np.empty((len(queries), length, v.shape[-1]), q.dtype)
    lse = np.empty((len(queries), length), q.dtype)
    for part in _portions(len(queries), length * k.shape[-2]):
        scores = np.matmul(queries[part] * q.dtype.type(scale), keys[part].swapaxes(1, 2))
        apply(scores, part)
        top = np.maximum.reduce(scores, 2, keepdims=True, initial=-np.inf)
        blind = top == -np.inf
        top[blind] = 0
        weights = np.exp(np.subtract(scores, top, out=scores), out=scores)
        total = np.add.reduce(weights, 2, keepdims=True)
        total[blind] = 1
        lse[part] = (top + np.log(total))[..., 0]
        if p:
            weights *= _kept(key, part, weights, p)
        np.matmul(weights, values[part], out=out[part])
        out[part] /= total
    return _made(out, (*lead, length, v.shape[-1]), within), lse.reshape(*lead, length)


def attention_grad(
    g: Array, q: Array, k: Array, v: Array, key: Array, out: Array, lse: Array, *rest: Any
) -> tuple[Array, Array, Array]:
    *mask, p, causal, scale, within = rest
    queries, keys, values, grads = _rows(q), _rows(k), _rows(v), _rows(g)
    apply = _masked(mask, q.shape[:-2], causal)
    q_grad, k_grad, v_grad = np.empty_like(queries), np.empty_like(keys), np.empty_like(values)
    sums = np.add.reduce(grads * _rows(out), 2, keepdims=True)
    logs = lse.reshape(len(queries), lse.shape[-1], 1)
    factor = q.dtype.type(scale)
    for part in _portions(len(queries), q.shape[-2] * k.shape[-2]):
        scaled = queries[part] * factor
        scores = np.matmul(scaled, keys[part].swapaxes(1, 2))
        apply(scores, part)
        scores -= logs[part]
        weights = np.exp(scores, out=scores)
        inner = np.matmul(grads[part], values[part].swapaxes(1, 2))
        dropped = weights
        if p:
            kept = _kept(key, part, weights, p)
            inner *= kept
            dropped = np.multiply(kept, weights, out=kept)
        np.matmul(dropped.swapaxes(1, 2), grads[part], out=v_grad[part])
        inner -= sums[part]
        inner *= weights
        np.matmul(inner.swapaxes(1, 2), scaled, out=k_grad[part])
        np.matmul(inner, keys[part], out=q_grad[part])
        q_grad[part] *= factor
    return _made(q_grad, q.shape, within), _made(k_grad, k.shape, within), _made(v_grad, v.shape, within)


KERNELS: dict[str, Kernel] = {"attention": attention, "attention_grad": attention_grad}
