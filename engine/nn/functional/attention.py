"""Attention, over tensors and over several heads with their projections."""

import math
from typing import Any

from engine.autograd.tape import apply_several
from engine.backends.meta.array import broadcast, count
from engine.dtypes import bool_, float32, int64
from engine.errors import DTypeError, ShapeError
from engine.ops import attention as ops
from engine.tensor import Tensor, creation, shapes
from engine.tensor.blocks import repeat_interleave
from engine.tensor.casting import under_autocast
from engine.tensor.products import linear
from engine.tensor.random import default_generator, dropout

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """dropout(softmax(scale query key^T + attn_mask)) value (Vaswani et al. 2017).

    query: [..., L, E], key: [..., S, E], value: [..., S, V]; leading axes broadcast
    attn_mask: broadcasts to [..., L, S]; bool, true where attention is allowed, or numbers to be added
    dropout_p: probability of dropping a weight, always applied: pass 0 when not training
    is_causal: query i sees the keys up to i; not together with a mask
    scale: 1 / sqrt(E) unless given
    enable_gqa: query may have a multiple of the heads (third axis from the end) of key and value
    Returns [..., L, V]; a query that sees no key gives zeros.
    Raises ShapeError or DTypeError where they don't fit.
    """
    name = "scaled_dot_product_attention"
    operands: tuple[Tensor, ...] = (query, key, value)
    if min(x.ndim for x in operands) < 2:
        given = ", ".join(f"{x.shape}" for x in operands)
        raise ShapeError(f"{name}: query, key and value need at least two axes, and they are {given}")
    if len({x.dtype for x in operands}) > 1 and not under_autocast():
        given = ", ".join(x.dtype.name for x in operands)
        raise DTypeError(f"{name}: query, key and value must have one dtype, and they are {given}")
    if attn_mask is not None:
        if is_causal:
            raise ShapeError(
                f"{name}: attn_mask and is_causal can't be given together; put both into one mask, or leave "
                "one away"
            )
        if attn_mask.dtype not in (bool_, query.dtype, float32):
            raise DTypeError(
                f"{name}: attn_mask must be bool, true where attention is allowed, or {query.dtype} as the "
                f"query is, not {attn_mask.dtype}"
            )
        if attn_mask.is_floating_point():
            attn_mask = attn_mask.to(query.dtype)
    if not 0 <= dropout_p <= 1:
        raise ShapeError(f"{name}: dropout_p must be a probability, not {dropout_p}")
    if enable_gqa:
        operands = (query, _for_each_head(key, query), _for_each_head(value, query))
    masks = () if attn_mask is None else (attn_mask,)
    leads = [x.shape[:-2] for x in operands]
    if any(lead != leads[0] for lead in leads):
        lead = broadcast(name, *leads)
        operands = tuple(shapes.expand(x, *lead, *x.shape[-2:]) for x in operands)
    query, key, value = operands
    if scale is None:
        scale = 1 / math.sqrt(max(query.shape[-1], 1))
    if dropout_p:
        drawn = (count(query.shape[:-1]) * key.shape[-2] + 1) // 2
        words = default_generator.key(drawn, query.device)
    else:
        words = creation.zeros(3, dtype=int64, device=query.device)
    inputs = (query, key, value, words, *masks)
    within = _heads_within(query)
    out: Tensor = apply_several(ops.ATTENTION, inputs, (float(dropout_p), is_causal, scale, within))[0]
    return out.transpose(-3, -2) if within else out


def _heads_within(query: Tensor) -> bool:
    """Whether a query [..., H, L, E] lies in memory as [..., L, H, E]: so should what is made of it."""
    if query.ndim < 3 or query.shape[-3] == 1 or query.shape[-2] == 1:
        return False
    return bool(0 < query.stride(-3) < query.stride(-2))


def _for_each_head(x: Tensor, query: Tensor) -> Tensor:
    if x.ndim < 3 or query.ndim < 3 or not x.shape[-3] or query.shape[-3] % x.shape[-3]:
        raise ShapeError(
            "scaled_dot_product_attention: with enable_gqa the query's heads, its third axis from the end, "
            f"must be a multiple of those of key and value; the shapes are {query.shape} and {x.shape}"
        )
    times = query.shape[-3] // x.shape[-3]
    return x if times == 1 else repeat_interleave(x, times, -3)


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """What MultiheadAttention computes, for batches [L, N, E]; nn.MultiheadAttention says what the rest is.

    in_proj_weight: [3 E, E], or None with use_separate_proj_weight and the three projections
    bias_k, bias_v: one more key and value for every query, [E] or [1, 1, E]
    static_k, static_v: [N * num_heads, S, E / num_heads], in place of the projected key and value
    """
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    weights: Any = separate if use_separate_proj_weight else in_proj_weight
    if weights is None or (use_separate_proj_weight and any(weight is None for weight in separate)):
        raise ShapeError(
            "multi_head_attention_forward needs in_proj_weight, or with use_separate_proj_weight all of "
            "q_proj_weight, k_proj_weight and v_proj_weight"
        )
    return attend_with_heads(
        (query, key, value),
        embed_dim_to_check,
        num_heads,
        weights,
        in_proj_bias,
        (bias_k, bias_v),
        add_zero_attn,
        dropout_p if training else 0.0,
        (out_proj_weight, out_proj_bias),
        (key_padding_mask, attn_mask),
        need_weights,
        average_attn_weights,
        is_causal,
        (static_k, static_v),
    )


def attend_with_heads(
    operands: tuple[Tensor, Tensor, Tensor],
    embed_dim: int,
    heads: int,
    weights: Tensor | tuple[Tensor | None, ...],
    bias: Tensor | None,
    extra: tuple[Tensor | None, Tensor | None],
    add_zero: bool,
    dropout_p: float,
    out_proj: tuple[Tensor, Tensor | None],
    masks: tuple[Tensor | None, Tensor | None],
    need_weights: bool,
    average: bool,
    is_causal: bool,
    static: tuple[Tensor | None, Tensor | None] = (None, None),
    batch_first: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Multi-head attention of [L, N, E], of [N, L, E] if batch_first, or of a single sequence [L, E].

    weights: of the projections of query, key and value, in one tensor [3 E, E] or each by itself
    """
    query = operands[0]
    batched = _check(operands, embed_dim, heads, weights)
    padding, mask = (None if m is None else _numbers(m, query) for m in masks)
    if not batched:
        single = {id(x): x.unsqueeze(1) for x in operands}
        operands = tuple(single[id(x)] for x in operands)  # type: ignore[assignment]  # still three
        padding = None if padding is None else padding.unsqueeze(0)
    # [N, heads, L, E / heads]
    sequence = 1 if batch_first and batched else 0
    order = (0, 2, 1, 3) if sequence else (1, 2, 0, 3)
    split = []
    for at, projected in enumerate(_projections(operands, weights, bias, static)):
        fixed = static[at - 1] if at else None
        batch = operands[at].shape[1 - sequence]
        if projected is None:
            assert fixed is not None
            split.append(fixed.reshape(batch, heads, *fixed.shape[1:]))
            continue
        more = extra[at - 1] if at else None
        if more is not None:
            row = shapes.expand(more.reshape(1, 1, -1), *((batch, 1) if sequence else (1, batch)), embed_dim)
            projected = shapes.cat([projected, row], sequence)
        split.append(projected.reshape(*projected.shape[:2], heads, embed_dim // heads).permute(*order))
    q, k, v = split
    if q.shape[0] != k.shape[0]:
        raise ShapeError(
            f"multi-head attention: the query {query.shape} has {q.shape[0]} sequences and the key "
            f"{operands[1].shape} {k.shape[0]}; there must be as many, on axis {1 - sequence}"
        )
    if is_causal and mask is None:
        mask = creation.full((q.shape[2], k.shape[2]), -math.inf, dtype=q.dtype, device=q.device).triu(1)
    added = sum(x is not None for x in extra[:1]) + add_zero
    if add_zero:
        k, v = (shapes.cat([x, x.new_zeros((*x.shape[:2], 1, x.shape[3]))], 2) for x in (k, v))
    causal = is_causal and padding is None and not need_weights
    whole = None if causal else _whole_mask(padding, mask, q, k, added)
    if need_weights:
        scores = (q * math.sqrt(1 / q.shape[-1])) @ k.mT
        attended = dropout((scores if whole is None else scores + whole).softmax(-1), dropout_p)
        out = attended @ v
    else:
        attended = None
        out = scaled_dot_product_attention(q, k, v, whole, dropout_p, causal)
    inverse = (0, 2, 1, 3) if sequence else (2, 0, 1, 3)
    out = out.permute(*inverse)
    out = linear(out.reshape(*out.shape[:2], embed_dim), *out_proj)
    if attended is not None and average:
        attended = attended.mean(1)
    if batched:
        return out, attended
    return out.squeeze(1), None if attended is None else attended.squeeze(0)


def _projections(
    operands: tuple[Tensor, Tensor, Tensor],
    weights: Any,
    bias: Tensor | None,
    static: tuple[Tensor | None, Tensor | None],
) -> list[Tensor | None]:
    """Query, key and value projected, those of one tensor by one product; None for what is fixed."""
    fixed = [False, *(x is not None for x in static)]
    packed = isinstance(weights, Tensor)
    runs = [1]
    for at in (1, 2):
        if packed and operands[at] is operands[at - 1] and not (fixed[at] or fixed[at - 1]):
            runs[-1] += 1
        else:
            runs.append(1)
    if packed:
        weights = weights.split([n * weights.shape[0] // 3 for n in runs])
    biases = (None,) * len(runs) if bias is None else bias.split([n * bias.shape[0] // 3 for n in runs])
    projected: list[Tensor | None] = []
    for n, weight, b in zip(runs, weights, biases, strict=True):
        at = len(projected)
        projected.extend([None] if fixed[at] else linear(operands[at], weight, b).chunk(n, -1))
    return projected


def _check(operands: tuple[Tensor, ...], embed_dim: int, heads: int, weights: Any) -> bool:
    """Whether it is a batch. Raises ShapeError where the parts don't fit."""
    query, key, value = (x.shape for x in operands)
    given = f"query {query}, key {key} and value {value}"
    if len(query) not in (2, 3) or not len(query) == len(key) == len(value):
        raise ShapeError(f"multi-head attention: [L, E] or [L, N, E] is needed for all three, not {given}")
    if query[-1] != embed_dim or embed_dim % heads:
        raise ShapeError(
            f"multi-head attention: the query has {query[-1]} features, embed_dim is {embed_dim} and must "
            f"divide into {heads} heads"
        )
    if key[:-1] != value[:-1]:
        raise ShapeError(f"multi-head attention: every key needs a value, and the shapes are {given}")
    if isinstance(weights, Tensor):
        if weights.shape != (3 * embed_dim, embed_dim):
            raise ShapeError(
                f"multi-head attention: in_proj_weight must be {(3 * embed_dim, embed_dim)}, not "
                f"{weights.shape}"
            )
        forms = [(embed_dim, embed_dim)] * 3
    else:
        forms = [weight.shape for weight in weights]
    for name, x, form in zip(("query", "key", "value"), (query, key, value), forms, strict=True):
        if form != (embed_dim, x[-1]):
            raise ShapeError(
                f"multi-head attention: the projection of {name} {x} must be {(embed_dim, x[-1])}, not {form}"
            )
    return len(query) == 3


def _numbers(mask: Tensor, like: Tensor) -> Tensor:
    """A mask that is added: -inf where one of bool is true. Here true means that attention is not allowed."""
    if mask.is_floating_point():
        return mask
    if mask.dtype is not bool_:
        raise DTypeError(f"multi-head attention: a mask is bool or floating-point, not {mask.dtype}")
    return like.new_zeros(mask.shape).masked_fill(mask, -math.inf)


def _whole_mask(
    padding: Tensor | None, mask: Tensor | None, q: Tensor, k: Tensor, added: int
) -> Tensor | None:
    """Both masks as one that broadcasts to [N, heads, L, S], if there is one.

    added: how many keys at the end were added here, which everybody sees
    """
    batch, heads, length, _ = q.shape
    keys = k.shape[2] - added
    if mask is not None:
        if mask.shape == (length, keys):
            mask = mask.reshape(1, 1, length, keys)
        elif mask.shape == (batch * heads, length, keys):
            mask = mask.reshape(batch, heads, length, keys)
        else:
            raise ShapeError(
                f"multi-head attention: attn_mask must be {(length, keys)}, or for each sequence and head "
                f"{(batch * heads, length, keys)}, not {mask.shape}"
            )
    if padding is not None:
        if padding.shape != (batch, keys):
            raise ShapeError(
                f"multi-head attention: key_padding_mask must be {(batch, keys)}, sequences by keys, not "
                f"{padding.shape}"
            )
        padding = padding.reshape(batch, 1, 1, keys)
        mask = padding if mask is None else mask + padding
    if mask is None or not added:
        return mask
    return shapes.cat([mask, mask.new_zeros((*mask.shape[:3], added))], 3)
