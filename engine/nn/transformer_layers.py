"""The layers that the transformer's encoder and decoder stack (Vaswani et al. 2017)."""

from collections.abc import Callable
from typing import Any, Literal

from engine.device import Device
from engine.dtypes import DType
from engine.errors import EngineError
from engine.nn import functional
from engine.nn.attention import MultiheadAttention
from engine.nn.dropout import Dropout
from engine.nn.linear import Linear
from engine.nn.module import Module
from engine.nn.norm import LayerNorm
from engine.tensor import Tensor

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

Activation = Literal["relu", "gelu"] | Callable[[Tensor], Tensor]


def _function(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise EngineError(f"activation must be 'relu', 'gelu' or a function, not {activation!r}")
    return functional.relu if activation == "relu" else functional.gelu


class _Layer(Module):
    """What both layers have: attention to themselves, and two linear maps with an activation between."""

    def __init__(
        self,
        crossing: bool,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: Activation,
        layer_norm_eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        device: str | Device | None,
        dtype: DType | None,
    ) -> None:
        super().__init__()

        def attention() -> MultiheadAttention:
            return MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
            )

        self.self_attn = attention()
        if crossing:
            self.multihead_attn = attention()
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        count = 3 if crossing else 2
        for k in range(1, count + 1):
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
            self.add_module(f"norm{k}", norm)
        for k in range(1, count + 1):
            self.add_module(f"dropout{k}", Dropout(dropout))
        self.activation = _function(activation)

    def _feed(self, x: Tensor) -> Tensor:
        hidden = self.dropout(self.activation(self.linear1(x)))
        return self.linear2(hidden)  # type: ignore[no-any-return]  # a module's call has no types

    def _add(self, k: int, x: Tensor, block: Callable[[Tensor], Tensor]) -> Tensor:
        """x with what a block makes of it, normalised before or after; the block's dropout has its number."""
        norm, dropout = getattr(self, f"norm{k}"), getattr(self, f"dropout{k}")
        out = x + dropout(block(norm(x))) if self.norm_first else norm(x + dropout(block(x)))
        return out  # type: ignore[no-any-return]  # it is a Tensor


class TransformerEncoderLayer(_Layer):
    """Attention to itself, then two linear maps, each added to its input and normalised.

    d_model: features of input and output
    nhead: heads of the attention
    dim_feedforward: features between the two linear maps
    dropout: probability of dropping an attention weight, a feature between the maps or one of a result
    activation: "relu", "gelu" or a function, between the maps
    layer_norm_eps: added to the variance
    batch_first: batches are [N, L, E] rather than [L, N, E]
    norm_first: normalise what enters attention and maps, rather than the sums
    bias: whether linear maps and norms have biases
    input: [L, N, d_model], [N, L, d_model] if batch_first, or [L, d_model]
    Returns the shape of the input.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        sizes = (d_model, nhead, dim_feedforward)
        options: tuple[Any, ...] = (
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
            device,
            dtype,
        )
        super().__init__(False, *sizes, *options)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The masks are MultiheadAttention's attn_mask and key_padding_mask."""
        x = self._add(1, src, lambda x: self._attend(x, src_mask, src_key_padding_mask, is_causal))
        return self._add(2, x, self._feed)

    def _attend(self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        return self.self_attn(x, x, x, padding, False, mask, is_causal=is_causal)[0]  # type: ignore[no-any-return]  # it is a Tensor


class TransformerDecoderLayer(_Layer):
    """Attention to itself, then to the encoder's output, then two linear maps, each added and normalised.

    d_model: features of input and output
    nhead: heads of the attention
    dim_feedforward: features between the two linear maps
    dropout: probability of dropping an attention weight, a feature between the maps or one of a result
    activation: "relu", "gelu" or a function, between the maps
    layer_norm_eps: added to the variance
    batch_first: batches are [N, L, E] rather than [L, N, E]
    norm_first: normalise what enters attention and maps, rather than the sums
    bias: whether linear maps and norms have biases
    input: tgt [L, N, d_model] and memory [S, N, d_model], N first if batch_first, a single one without N
    Returns the shape of tgt.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        sizes = (d_model, nhead, dim_feedforward)
        options: tuple[Any, ...] = (
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
            device,
            dtype,
        )
        super().__init__(True, *sizes, *options)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The masks are MultiheadAttention's attn_mask and key_padding_mask, for tgt and for memory."""

        def attend(x: Tensor) -> Any:
            padding = tgt_key_padding_mask
            return self.self_attn(x, x, x, padding, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def cross(x: Tensor) -> Any:
            padding, causal = memory_key_padding_mask, memory_is_causal
            return self.multihead_attn(x, memory, memory, padding, False, memory_mask, is_causal=causal)[0]

        x = self._add(1, tgt, attend)
        x = self._add(2, x, cross)
        return self._add(3, x, self._feed)
