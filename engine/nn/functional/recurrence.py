"""One direction of one recurrent layer, shared by the layers and the cells. Not part of the public face."""

from typing import NamedTuple

import numpy as np

from engine.autograd.tape import apply, apply_several
from engine.ops import recurrence as ops
from engine.ops.shapes import INDEX
from engine.tensor import Tensor, creation
from engine.tensor.products import linear

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "GRU": 3, "LSTM": 4}
Sizes = tuple[int, ...]


class Weights(NamedTuple):
    """The parameters of one direction; the biases are None together, weight_hr where nothing is projected."""

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    weight_hr: Tensor | None = None


def walk(
    mode: str, rows: Tensor, states: list[Tensor], weights: Weights, batch_sizes: Sizes, reverse: bool
) -> tuple[Tensor, ...]:
    """The hidden state after each step [total, H], for an LSTM also its cells.

    mode: a key of GATES; rows: [total, I], packed by time; states: h0 [B, H], and for an LSTM c0
    """
    bias_ih, bias_hh = weights.bias_ih, weights.bias_hh
    if mode != "GRU" and bias_ih is not None and bias_hh is not None:
        bias_ih = bias_ih + bias_hh
    gates = linear(rows, weights.weight_ih, bias_ih)
    # everything as the product is: autocast may have narrowed it
    states = [state.to(gates.dtype) for state in states]
    weight_hh = weights.weight_hh.to(gates.dtype)
    if mode == "GRU":
        bias = creation.new_zeros(gates, weight_hh.shape[:1]) if bias_hh is None else bias_hh.to(gates.dtype)
        return (apply(ops.GRU, (gates, *states, weight_hh, bias), (batch_sizes, reverse)),)
    if mode == "LSTM":
        projection = () if weights.weight_hr is None else (weights.weight_hr.to(gates.dtype),)
        operands = (gates, *states, weight_hh, *projection)
        return apply_several(ops.LSTM, operands, (batch_sizes, reverse))
    nonlinearity = mode.removeprefix("RNN_").lower()
    return (apply(ops.RNN, (gates, *states, weight_hh), (batch_sizes, nonlinearity, reverse)),)


def final_rows(rows: Tensor, batch_sizes: Sizes, reverse: bool) -> Tensor:
    """Each sequence's row of the step that was walked last: [B, H]."""
    first, last = batch_sizes[0], batch_sizes[-1]
    if reverse:
        return rows.narrow(0, 0, first)
    if first == last:
        return rows.narrow(0, rows.shape[0] - last, last)
    sizes = np.array(batch_sizes, np.int64)
    ends = np.sum(sizes[:, None] > np.arange(first), 0) - 1
    at = (np.cumsum(sizes) - sizes)[ends] + np.arange(first)
    return apply(INDEX, (rows, creation.from_numpy(at).to(rows.device)), ((True,),))
