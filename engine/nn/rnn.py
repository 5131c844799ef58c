"""Recurrent layers over whole sequences; the cells that take one step are in cells.py."""

from typing import Any, Literal

from engine.device import Device
from engine.dtypes import DType
from engine.errors import ShapeError
from engine.nn.rnn_base import RNNBase
from engine.nn.utils.rnn import PackedSequence
from engine.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN"]


class RNN(RNNBase):
    """Elman's layers: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu (Elman 1990).

    input_size: features of a step
    hidden_size: features of the state
    num_layers: layers, each of which reads the one before
    nonlinearity: "tanh" or "relu"
    bias: whether b_ih and b_hh are learned
    batch_first: batches are [N, L, I] rather than [L, N, I]
    dropout: probability of dropping each output of all layers but the last while training
    bidirectional: a second direction, from the last step to the first, beside the first
    input: [L, I], [L, N, I], [N, L, I] if batch_first, or a PackedSequence
    hx: [layers * directions, N, H] (without N for a single sequence), the initial state; zeros unless given
    Returns the last layer's output [..., directions * H] in the form of the input, and the final state as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ShapeError(f"RNN: nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}")
        mode = f"RNN_{nonlinearity.upper()}"
        sizes = (input_size, hidden_size, num_layers)
        super().__init__(mode, *sizes, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor | PackedSequence, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        out, (h,) = self._run(input, None if hx is None else (hx,))
        return out, h

    def extra_repr(self) -> str:
        kind = f", nonlinearity={self.nonlinearity!r}" if self.nonlinearity != "tanh" else ""
        return super().extra_repr() + kind


class LSTM(RNNBase):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), its gates in the order i, f, g, o.

    input_size: features of a step
    hidden_size: features of the state
    num_layers: layers, each of which reads the one before
    bias: whether b_ih and b_hh are learned
    batch_first: batches are [N, L, I] rather than [L, N, I]
    dropout: probability of dropping each output of all layers but the last while training
    bidirectional: a second direction, from the last step to the first, beside the first
    proj_size: features of the output, projected from the state (Sak et al. 2014); 0 for no projection
    input: [L, I], [L, N, I], [N, L, I] if batch_first, or a PackedSequence
    hx: (h_0, c_0), [layers * directions, N, proj_size or H] and [layers * directions, N, H] (without N for a
        single sequence), the initial states; zeros unless given
    Returns the last layer's output [..., directions * (proj_size or H)] in the form of the input, and the
    final states (h_n, c_n) as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        sizes = (input_size, hidden_size, num_layers)
        super().__init__(
            "LSTM", *sizes, bias, batch_first, dropout, bidirectional, proj_size, device=device, dtype=dtype
        )

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        if hx is not None and (len(hx) != 2):
            raise ShapeError("LSTM: hx must be the two initial states (h_0, c_0)")
        out, (h, c) = self._run(input, hx)
        return out, (h, c)


class GRU(RNNBase):
    """Gated recurrent units (Cho et al. 2014), with PyTorch's place for the reset gate; gates r, z, n.

    input_size: features of a step
    hidden_size: features of the state
    num_layers: layers, each of which reads the one before
    bias: whether b_ih and b_hh are learned
    batch_first: batches are [N, L, I] rather than [L, N, I]
    dropout: probability of dropping each output of all layers but the last while training
    bidirectional: a second direction, from the last step to the first, beside the first
    input: [L, I], [L, N, I], [N, L, I] if batch_first, or a PackedSequence
    hx: [layers * directions, N, H] (without N for a single sequence), the initial state; zeros unless given
    Returns the last layer's output [..., directions * H] in the form of the input, and the final state as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        sizes = (input_size, hidden_size, num_layers)
        super().__init__("GRU", *sizes, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype)

    def forward(self, input: Tensor | PackedSequence, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        out, (h,) = self._run(input, None if hx is None else (hx,))
        return out, h
