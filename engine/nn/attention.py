"""Attention with learned projections."""

from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn import init
from engine.nn.functional.attention import attend_with_heads
from engine.nn.linear import Linear
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """Attention in several subspaces at once (Vaswani et al. 2017).

    in_proj_weight: [3 embed_dim, embed_dim], the projections of query, key and value; or with another kdim
        or vdim q_proj_weight, k_proj_weight and v_proj_weight, [embed_dim, embed_dim / kdim / vdim]. They
        start as by xavier_uniform_.
    in_proj_bias: [3 embed_dim], starts at zero, as that of out_proj does; bias_k, bias_v: [1, 1, embed_dim]

    embed_dim: features of query and output
    num_heads: subspaces, among which embed_dim is divided
    dropout: probability of dropping a weight while training
    bias: whether the projections have biases
    add_bias_kv: learn one more key and value
    add_zero_attn: add a key and a value of zeros
    kdim: features of key; embed_dim unless given
    vdim: features of value; embed_dim unless given
    batch_first: batches are [N, L, E] rather than [L, N, E]
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if embed_dim < 1 or num_heads < 1 or embed_dim % num_heads:
            raise ShapeError(
                f"MultiheadAttention: embed_dim {embed_dim} must be a multiple of num_heads {num_heads}, and "
                "both at least 1"
            )
        if not 0 <= dropout <= 1:
            raise ShapeError(f"MultiheadAttention: dropout must be a probability, not {dropout}")
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads

        def made(*size: int) -> Parameter:
            return Parameter(creation.empty(size, device=device, dtype=dtype))

        packed = self.kdim == self.vdim == embed_dim
        self.q_proj_weight = None if packed else made(embed_dim, embed_dim)
        self.k_proj_weight = None if packed else made(embed_dim, self.kdim)
        self.v_proj_weight = None if packed else made(embed_dim, self.vdim)
        self.in_proj_weight = made(3 * embed_dim, embed_dim) if packed else None
        self.in_proj_bias = made(3 * embed_dim) if bias else None
        self.bias_k = made(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = made(1, 1, embed_dim) if add_bias_kv else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        self.add_zero_attn = add_zero_attn
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values; out_proj's weight keeps its own."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The output in the form of the query, and the weights.

        query: [L, N, embed_dim], key: [S, N, kdim], value: [S, N, vdim]; N first if batch_first; a single
            sequence has no N
        key_padding_mask: [N, S]; bool, true for keys that nobody sees, or numbers to be added
        need_weights: return the weights too, which takes a slower path
        attn_mask: [L, S] or [N * num_heads, L, S]; bool, true where attention is not allowed, or numbers
        average_attn_weights: the mean of the heads' weights, [N, L, S]; otherwise [N, num_heads, L, S]
        is_causal: query i sees the keys up to i. With attn_mask, as in PyTorch, a promise that it is the
            causal mask, which then needn't be read; PyTorch asks for the mask in any case
        """
        weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        return attend_with_heads(
            (query, key, value),
            self.embed_dim,
            self.num_heads,
            weights if self.in_proj_weight is None else self.in_proj_weight,
            self.in_proj_bias,
            (self.bias_k, self.bias_v),
            self.add_zero_attn,
            self.dropout if self.training else 0.0,
            (self.out_proj.weight, self.out_proj.bias),
            (key_padding_mask, attn_mask),
            need_weights,
            average_attn_weights,
            is_causal,
            batch_first=self.batch_first,
        )
