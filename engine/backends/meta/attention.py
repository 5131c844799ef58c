"""Shapes of attention."""

from typing import Any

from engine.backends.meta.array import MetaArray, fits
from engine.backends.registry import Kernel
from engine.errors import DTypeError, ShapeError


def made(shape: tuple[int, ...], heads_within: bool) -> tuple[int, ...]:
    """The shape of a result: [..., H, L, E], or with the heads within [..., L, H, E]."""
    return (*shape[:-3], shape[-2], shape[-3], shape[-1]) if heads_within else shape


def _attention(
    q: MetaArray, k: MetaArray, v: MetaArray, key: MetaArray, *rest: Any
) -> tuple[MetaArray, MetaArray]:
    *mask, _, _, _, heads_within = rest
    name = "scaled_dot_product_attention"
    if min(q.ndim, k.ndim, v.ndim) < 2 or not q.shape[:-2] == k.shape[:-2] == v.shape[:-2]:
        raise ShapeError(
            f"{name}: query {q.shape}, key {k.shape} and value {v.shape} don't have the same leading axes"
        )
    if q.shape[-1] != k.shape[-1]:
        raise ShapeError(
            f"{name}: query {q.shape} and key {k.shape} are compared, so their last axes must be equal"
        )
    if k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"{name}: there are {k.shape[-2]} keys and {v.shape[-2]} values: {k.shape}, {v.shape}"
        )
    if not q.dtype == k.dtype == v.dtype:
        raise DTypeError(f"{name}: query, key and value are {q.dtype}, {k.dtype} and {v.dtype}; convert them")
    scores = (*q.shape[:-1], k.shape[-2])
    for each in mask:
        if not fits(each.shape, scores):
            raise ShapeError(f"{name}: attn_mask {each.shape} doesn't broadcast to the scores {scores}")
        if each.dtype.kind != "b" and each.dtype != q.dtype:
            raise DTypeError(
                f"{name}: attn_mask must be bool, true where attention is allowed, or {q.dtype} as the "
                f"query is, not {each.dtype}"
            )
    out = made((*q.shape[:-1], v.shape[-1]), heads_within)
    return MetaArray(out, q.dtype), MetaArray(q.shape[:-1], q.dtype)


def _attention_grad(
    g: MetaArray, q: MetaArray, k: MetaArray, v: MetaArray, *rest: Any
) -> tuple[MetaArray, ...]:
    return tuple(MetaArray(made(each.shape, rest[-1]), each.dtype) for each in (q, k, v))


KERNELS: dict[str, Kernel] = {"attention": _attention, "attention_grad": _attention_grad}
