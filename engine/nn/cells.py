"""Recurrent layers one step at a time."""

import math
from typing import Literal

from engine.device import Device
from engine.dtypes import DType
from engine.errors import DTypeError, ShapeError
from engine.nn import init
from engine.nn.functional.recurrence import GATES, Weights, walk
from engine.nn.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor, creation
from engine.tensor.casting import under_autocast

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share.

    weight_ih: [gates * hidden_size, input_size], weight_hh: [gates * hidden_size, hidden_size]
    bias_ih, bias_hh: [gates * hidden_size]
    All start uniform in +-1 / sqrt(hidden_size).
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        if min(input_size, hidden_size) < 0:
            raise ShapeError(
                f"{type(self).__name__}: input_size {input_size} and hidden_size {hidden_size} can't be "
                "negative"
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size

        def made(*size: int) -> Parameter:
            return Parameter(creation.empty(size, device=device, dtype=dtype))

        self.weight_ih = made(rows, input_size)
        self.weight_hh = made(rows, hidden_size)
        self.bias_ih = made(rows) if bias else None
        self.bias_hh = made(rows) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size else 0.0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, mode: str, input: Tensor, states: tuple[Tensor, ...] | None) -> tuple[Tensor, ...]:
        name = type(self).__name__
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size:
            raise ShapeError(
                f"{name}: the input must be [{self.input_size}] or [N, {self.input_size}], not of shape "
                f"{input.shape}"
            )
        if input.dtype is not self.weight_ih.dtype and not under_autocast():
            raise DTypeError(
                f"{name}: the input is {input.dtype} and the weights are {self.weight_ih.dtype}; convert one"
            )
        rows = input if input.ndim == 2 else input.unsqueeze(0)
        expected = (*input.shape[:-1], self.hidden_size)
        if states is None:
            zeros = rows.new_zeros((rows.shape[0], self.hidden_size))
            states = (zeros, zeros) if mode == "LSTM" else (zeros,)
        else:
            for state in states:
                if state.shape != expected:
                    raise ShapeError(
                        f"{name}: for input {input.shape} a state is {expected}, not {state.shape}"
                    )
            states = states if input.ndim == 2 else tuple(state.unsqueeze(0) for state in states)
        weights = Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        made = walk(mode, rows, list(states), weights, (rows.shape[0],), False, cell=True)
        return made if input.ndim == 2 else tuple(state.squeeze(0) for state in made)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """One step of an RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.

    input_size: features of a step
    hidden_size: features of the state
    bias: whether b_ih and b_hh are learned
    nonlinearity: "tanh" or "relu"
    input: [N, I] or [I]; hx: [N, H] or [H], zeros unless given
    Returns h', as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ShapeError(f"RNNCell: nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}")
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        mode = f"RNN_{self.nonlinearity.upper()}"
        return self._step(mode, input, None if hx is None else (hx,))[0]

    def extra_repr(self) -> str:
        kind = f", nonlinearity={self.nonlinearity!r}" if self.nonlinearity != "tanh" else ""
        return super().extra_repr() + kind


class LSTMCell(RNNCellBase):
    """One step of an LSTM, its gates in the order i, f, g, o.

    input_size: features of a step
    hidden_size: features of the state
    bias: whether b_ih and b_hh are learned
    input: [N, I] or [I]; hx: (h, c), each [N, H] or [H], zeros unless given
    Returns (h', c'), as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, GATES["LSTM"], device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        if hx is not None and (len(hx) != 2):
            raise ShapeError("LSTMCell: hx must be the two states (h, c)")
        h, c = self._step("LSTM", input, hx)
        return h, c


class GRUCell(RNNCellBase):
    """One step of a GRU, its gates in the order r, z, n.

    input_size: features of a step
    hidden_size: features of the state
    bias: whether b_ih and b_hh are learned
    input: [N, I] or [I]; hx: [N, H] or [H], zeros unless given
    Returns h', as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: str | Device | None = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, GATES["GRU"], device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step("GRU", input, None if hx is None else (hx,))[0]
