"""Causal masks, which JSON needn't hold: where a node says that its attention is causal, its mask is made.

torch's layers take the flag only beside the mask that it speaks of. A definition says the flag alone.
"""

import math
from collections.abc import Sequence
from typing import Any

from engine import nn
from engine.tensor import Tensor, creation

# what a flag says in a definition, where no mask stands beside it
CAUSAL = "whether a step attends to none after it; the mask that says so is made"
# of a layer: the flag, the mask that it speaks of, and the operands whose steps are its rows and columns
_DECODER = {"tgt_is_causal": ("tgt_mask", 0, 0), "memory_is_causal": ("memory_mask", 0, 1)}
MASKS: dict[type, dict[str, tuple[str, int, int]]] = {
    nn.MultiheadAttention: {"is_causal": ("attn_mask", 0, 1)},
    nn.TransformerEncoderLayer: {"is_causal": ("src_mask", 0, 0)},
    nn.TransformerEncoder: {"is_causal": ("mask", 0, 0)},
    nn.TransformerDecoderLayer: _DECODER,
    nn.TransformerDecoder: _DECODER,
    nn.Transformer: {
        "src_is_causal": ("src_mask", 0, 0),
        "tgt_is_causal": ("tgt_mask", 1, 1),
        "memory_is_causal": ("memory_mask", 1, 0),
    },
}


def with_masks(operation: Any, call: dict[str, Any], inputs: Sequence[Tensor]) -> dict[str, Any]:
    """What an operation is called with beside its inputs [B, T, ...]: `call`, and the masks of its flags."""
    is_meant = bool(call) and all(each.ndim > 1 and each.dtype.is_floating_point for each in inputs)
    flags = MASKS.get(type(operation), {}) if is_meant else {}
    made = {
        mask: _causal(inputs[rows], inputs[columns])
        for flag, (mask, rows, columns) in flags.items()
        if call.get(flag)
    }
    return {**call, **made} if made else call


def _causal(rows: Tensor, columns: Tensor) -> Tensor:
    """[T, S]: 0 where step t may see step s, which is none after it, and -inf elsewhere."""
    shape = rows.shape[1], columns.shape[1]
    return creation.full(shape, -math.inf, dtype=rows.dtype, device=rows.device).triu(1)
