"""The transformer and its encoder and decoder (Vaswani et al. 2017)."""

import copy
import math
from typing import Any

from engine.autograd import is_grad_enabled
from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import functional, init
from engine.nn.activation import GELU
from engine.nn.containers import ModuleList
from engine.nn.module import Module
from engine.nn.norm import LayerNorm
from engine.nn.rectifier import ReLU
from engine.nn.transformer_layers import Activation, TransformerDecoderLayer, TransformerEncoderLayer
from engine.tensor import Tensor, creation

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


def _copies(module: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


class TransformerEncoder(Module):
    """num_layers copies of a layer, one after the other.

    encoder_layer: the layer that is copied, with its initial values
    num_layers: how many there are
    norm: applied to the last layer's output
    enable_nested_tensor: as PyTorch, make rows of padding zeros, before the norm, where nothing is trained:
        with padding at the end of sequences, no other mask, layers in eval mode whose kind PyTorch has a fast
        path for, and no gradient asked for. Otherwise they are computed like others.
    mask_check: with enable_nested_tensor, look whether the padding is at the end; otherwise it must be
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """is_causal: every place sees those up to it; with a mask, a promise that it is the causal one."""
        out = src
        for layer in self.layers:
            out = layer(
                out, src_mask=mask, is_causal=bool(is_causal), src_key_padding_mask=src_key_padding_mask
            )
        if mask is None and src_key_padding_mask is not None and self._leaves_padding_out(src):
            padded = src_key_padding_mask != 0
            ordered = (padded[:, 1:] >= padded[:, :-1]).all() if self.mask_check else True
            if ordered:
                out = out.masked_fill(padded.unsqueeze(-1), 0.0)
        return out if self.norm is None else self.norm(out)

    def _leaves_padding_out(self, src: Tensor) -> bool:
        first = self.layers[0]
        if not self.enable_nested_tensor or not isinstance(first, TransformerEncoderLayer):
            return False
        known = first.activation in (functional.relu, functional.gelu) or isinstance(
            first.activation, ReLU | GELU
        )
        attention = first.self_attn
        fast = known and not first.norm_first and attention.batch_first and attention.num_heads % 2 == 0
        learning = is_grad_enabled() and (
            src.requires_grad or any(parameter.requires_grad for parameter in first.parameters())
        )
        plain = attention.in_proj_bias is not None and first.norm1.eps == first.norm2.eps
        return fast and plain and src.ndim == 3 and not first.training and not learning


class TransformerDecoder(Module):
    """num_layers copies of a layer, one after the other, all of which see the encoder's output.

    decoder_layer: the layer that is copied, with its initial values
    num_layers: how many there are
    norm: applied to the last layer's output
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """tgt_is_causal: each place sees those up to it; with tgt_mask, a promise that it says so."""
        out = tgt
        for layer in self.layers:
            out = layer(
                out,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return out if self.norm is None else self.norm(out)


class Transformer(Module):
    """An encoder and a decoder, each with a norm at its end. All matrices start as by xavier_uniform_.

    d_model: features of input and output
    nhead: heads of the attention
    num_encoder_layers: layers of the encoder
    num_decoder_layers: layers of the decoder
    dim_feedforward: features between the two linear maps of a layer
    dropout: probability of dropping an attention weight, a feature between the maps or one of a result
    activation: "relu", "gelu" or a function, between the maps
    custom_encoder: in place of the encoder
    custom_decoder: in place of the decoder
    layer_norm_eps: added to the variance
    batch_first: batches are [N, L, E] rather than [L, N, E]
    norm_first: normalise what enters attention and maps, rather than the sums
    bias: whether linear maps and norms have biases
    input: src [S, N, d_model] and tgt [L, N, d_model], N first if batch_first, single ones without N
    Returns the shape of tgt.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
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

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*sizes, *options)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is None:
            other = TransformerDecoderLayer(*sizes, *options)
            custom_decoder = TransformerDecoder(other, num_decoder_layers, norm())
        self.encoder = custom_encoder
        self.decoder = custom_decoder
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The masks are MultiheadAttention's: of the encoder, of the decoder, and between the two."""
        batch = 0 if self.batch_first else 1
        if src.ndim == tgt.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise ShapeError(
                f"Transformer: src {src.shape} and tgt {tgt.shape} must have as many sequences, axis {batch}"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError(
                f"Transformer: src {src.shape} and tgt {tgt.shape} must have d_model = {self.d_model} "
                "features"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        out: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return out

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: str | Device | None = None, dtype: DType | None = None
    ) -> Tensor:
        """[sz, sz]: 0 where a step may see another, which is none after it, and -inf elsewhere."""
        return creation.full((sz, sz), -math.inf, dtype=dtype, device=device).triu(1)
