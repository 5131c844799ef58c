"""One direction of one recurrent layer, shared by the layers and the cells. Not part of the public face."""

from typing import NamedTuple

import numpy as np

from engine.autograd.tape import apply, apply_several
from engine.errors import DTypeError
from engine.ops import recurrence as ops
from engine.ops.shapes import INDEX
from engine.tensor import Tensor, creation
from engine.tensor.casting import as_given, under_autocast
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
    mode: str,
    rows: Tensor,
    states: list[Tensor],
    weights: Weights,
    batch_sizes: Sizes,
    reverse: bool,
    cell: bool = False,
) -> tuple[Tensor, ...]:
    """The hidden state after each step [total, H], for an LSTM also its cells.

    mode: a key of GATES; rows: [total, I], packed by time; states: h0 [B, H], and for an LSTM c0
    cell: of a cell and not of a layer, which autocast treats differently
    """
    bias_ih, bias_hh = weights.bias_ih, weights.bias_hh
    if mode != "GRU" and bias_ih is not None and bias_hh is not None:
        bias_ih, bias_hh = bias_ih + bias_hh, None
    gates = linear(rows, weights.weight_ih, bias_ih)
    dtype = gates.dtype
    if under_autocast():
        # as in PyTorch, the state's float32 wins where the product is blended with it
        dtype = states[0].dtype if mode == "GRU" or (mode == "LSTM" and cell) else dtype
    for state in states:
        if state.dtype is not dtype and not under_autocast():
            raise DTypeError(f"{mode}: the input is {dtype} and an initial state {state.dtype}; convert one")
    inner = [None if x is None else x.to(dtype) for x in (weights.weight_hh, bias_hh, weights.weight_hr)]
    attrs = (batch_sizes, reverse)
    return _walked(mode, gates.to(dtype), [state.to(dtype) for state in states], inner, attrs)


@as_given
def _walked(
    mode: str,
    gates: Tensor,
    states: list[Tensor],
    weights: list[Tensor | None],
    attrs: tuple[Sizes, bool],
) -> tuple[Tensor, ...]:
    weight_hh, bias_hh, weight_hr = weights
    assert weight_hh is not None
    operands = (gates, *states, weight_hh)
    if mode == "GRU":
        bias = creation.new_zeros(gates, weight_hh.shape[:1]) if bias_hh is None else bias_hh
        return apply_several(ops.GRU, (*operands, bias), attrs)[:1]
    if mode == "LSTM":
        projection = () if weight_hr is None else (weight_hr,)
        return apply_several(ops.LSTM, (*operands, *projection), attrs)[:2]
    return (apply(ops.RNN, operands, (attrs[0], mode.removeprefix("RNN_").lower(), attrs[1])),)


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
