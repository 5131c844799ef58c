"""Recurrent layers, one op for one direction of one layer over whole sequences.

The rows of all sequences are packed by time, as engine/backends/packing.py says; `total` is their number, B
that of the sequences. `gates` is what the input contributes, W_ih x + b_ih: one product for all rows, made
before. With `reverse` the steps are walked from the last to the first. A sequence that ends keeps its state.

Kept for the gradient are `acts`, the gates after their nonlinearities.

The gradient ops give numbers. Where the backward walk is itself recorded, the rules compose the same
formulas of small ops instead, so that gradients of gradients of any order follow.
"""

from typing import Any

from engine.backends.packing import Steps, steps
from engine.ops.op import Op
from engine.ops.shapes import CAT
from engine.ops.table import op


def _joined(parts: list[Any]) -> Any:
    parts = [part for part in parts if part.shape[0]] or parts[:1]
    return CAT(*parts, 0) if len(parts) > 1 else parts[0]


def _before(rows: Any, initial: Any, batch_sizes: tuple[int, ...], reverse: bool) -> Any:
    """The state that each step starts from, [total, H], if `rows` are those that it ended with."""
    walked = steps(batch_sizes, reverse)
    found = {}
    last = (0, 0)
    for start, n in walked:
        common = min(n, last[1])
        found[start] = [rows.narrow(0, last[0], common), initial.narrow(0, common, n - common)]
        last = (start, n)
    return _joined([part for start in sorted(found) for part in found[start]])


def _replace(state: Any, first: Any) -> Any:
    """A state [B, H] with its first rows replaced."""
    n = first.shape[0]
    return _joined([first, state.narrow(0, n, state.shape[0] - n)])


def _in_order(rows: dict[int, Any]) -> Any:
    return _joined([rows[start] for start in sorted(rows)])


def _backward(batch_sizes: tuple[int, ...], reverse: bool) -> Steps:
    return steps(batch_sizes, reverse)[::-1]


# h' = tanh(gates + W_hh h), or relu

RNN: Op = op(
    "rnn",
    "gates h0 weight_hh",
    "batch_sizes nonlinearity reverse",
    vjp=lambda g, out, h0, weight_hh, batch_sizes, nonlinearity, reverse, recorded: (
        _rnn_grad if recorded else RNN_GRAD
    )(g, out, h0, weight_hh, batch_sizes, nonlinearity, reverse),
)
RNN_GRAD: Op = op(
    "rnn_grad",
    "g0 out0 h0 weight_hh",
    "batch_sizes nonlinearity reverse",
    outputs="gates_grad h0_grad weight_grad",
)


def _rnn_grad(
    g: Any, out: Any, h0: Any, weight: Any, batch_sizes: tuple[int, ...], nonlinearity: str, reverse: bool
) -> tuple[Any, ...]:
    slope = 1 - out * out if nonlinearity == "tanh" else (out > 0).to(out.dtype)
    dh = h0.new_zeros(h0.shape)
    rows = {}
    for start, n in _backward(batch_sizes, reverse):
        rows[start] = (g.narrow(0, start, n) + dh.narrow(0, 0, n)) * slope.narrow(0, start, n)
        dh = _replace(dh, rows[start] @ weight)
    gates_grad = _in_order(rows)
    return gates_grad, dh, gates_grad.mT @ _before(out, h0, batch_sizes, reverse)


# r = sigmoid(gates_r + W_r h + b_r), z likewise, n = tanh(gates_n + r (W_n h + b_n)), h' = (1 - z) n + z h
# (Cho et al. 2014); the gates in PyTorch's order r, z, n. The recurrent bias is inside, since r scales it.
# acts [total, 4 H]: r, z, W_n h + b_n, n

GRU: Op = op(
    "gru",
    "gates h0 weight_hh bias_hh",
    "batch_sizes reverse",
    outputs="out acts",
    auxiliary="acts",
    vjp=lambda g, out, acts, gates, h0, weight_hh, bias_hh, batch_sizes, reverse, recorded: (
        _gru_grad(g, out, gates, h0, weight_hh, bias_hh, batch_sizes, reverse)
        if recorded
        else GRU_GRAD(g, out, acts, h0, weight_hh, batch_sizes, reverse)
    ),
)
GRU_GRAD: Op = op(
    "gru_grad",
    "g0 out0 acts0 h0 weight_hh",
    "batch_sizes reverse",
    outputs="gates_grad h0_grad weight_grad bias_grad",
)


def _gru_grad(
    g: Any,
    out: Any,
    gates: Any,
    h0: Any,
    weight: Any,
    bias: Any,
    batch_sizes: tuple[int, ...],
    reverse: bool,
) -> tuple[Any, ...]:
    before = _before(out, h0, batch_sizes, reverse)
    inner = before @ weight.mT + bias
    (x_r, x_z, x_n), (h_r, h_z, h_n) = gates.chunk(3, 1), inner.chunk(3, 1)
    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
    new = (x_n + r * h_n).tanh()
    # what a change of h' comes to at each gate, and at the recurrent part of each
    by_n = (1 - z) * (1 - new * new)
    by_r, by_z = by_n * h_n * r * (1 - r), (before - new) * z * (1 - z)
    outer, recurrent = CAT(by_r, by_z, by_n, 1), CAT(by_r, by_z, by_n * r, 1)
    dh = h0.new_zeros(h0.shape)
    outer_rows, recurrent_rows = {}, {}
    for start, n in _backward(batch_sizes, reverse):
        now = g.narrow(0, start, n) + dh.narrow(0, 0, n)
        wide = CAT(now, now, now, 1)
        outer_rows[start] = wide * outer.narrow(0, start, n)
        recurrent_rows[start] = wide * recurrent.narrow(0, start, n)
        dh = _replace(dh, recurrent_rows[start] @ weight + now * z.narrow(0, start, n))
    recurrent_grad = _in_order(recurrent_rows)
    return _in_order(outer_rows), dh, recurrent_grad.mT @ before, recurrent_grad.sum(0)


# i, f, o = sigmoid of their gates, g = tanh of its own, c' = f c + i g, h' = o tanh(c') (Hochreiter and
# Schmidhuber 1997; Gers et al. 2000); the gates in PyTorch's order i, f, g, o. With weight_hr [P, H] the
# output is W_hr h' (Sak et al. 2014) and h0 is [B, P]. acts [total, 4 H]: i, f, g, o.


def _lstm_vjp(
    g_out: Any,
    g_cells: Any,
    out: Any,
    cells: Any,
    acts: Any,
    gates: Any,
    h0: Any,
    c0: Any,
    weight_hh: Any,
    weight_hr: tuple[Any, ...],
    batch_sizes: tuple[int, ...],
    reverse: bool,
    recorded: bool,
) -> tuple[Any, ...]:
    g_out = out.new_zeros(out.shape) if g_out is None else g_out
    g_cells = cells.new_zeros(cells.shape) if g_cells is None else g_cells
    rest = (h0, c0, weight_hh, *weight_hr, batch_sizes, reverse)
    if recorded:
        grads = _lstm_grad(g_out, g_cells, out, cells, gates, *rest)
    else:
        grads = LSTM_GRAD(g_out, g_cells, out, cells, acts, *rest)
    return tuple(grads[: 4 + len(weight_hr)])


LSTM: Op = op(
    "lstm",
    "gates h0 c0 weight_hh *weight_hr",
    "batch_sizes reverse",
    outputs="out cells acts",
    auxiliary="acts",
    vjp=_lstm_vjp,
)
# the gradient of weight_hr is [0, H] where there is no projection
LSTM_GRAD: Op = op(
    "lstm_grad",
    "g_out g_cells out0 cells0 acts0 h0 c0 weight_hh *weight_hr",
    "batch_sizes reverse",
    outputs="gates_grad h0_grad c0_grad weight_hh_grad weight_hr_grad",
)


def _lstm_grad(
    g_out: Any,
    g_cells: Any,
    out: Any,
    cells: Any,
    gates: Any,
    h0: Any,
    c0: Any,
    weight_hh: Any,
    *rest: Any,
) -> tuple[Any, ...]:
    *weight_hr, batch_sizes, reverse = rest
    before = _before(out, h0, batch_sizes, reverse)
    x_i, x_f, x_g, x_o = (gates + before @ weight_hh.mT).chunk(4, 1)
    i, f, o = x_i.sigmoid(), x_f.sigmoid(), x_o.sigmoid()
    new, squashed = x_g.tanh(), cells.tanh()
    # what a change of c' comes to at i, f and g; and a change of h' at o and at c'
    by_i = new * i * (1 - i)
    by_f = _before(cells, c0, batch_sizes, reverse) * f * (1 - f)
    by_cell, by_o = CAT(by_i, by_f, i * (1 - new * new), 1), squashed * o * (1 - o)
    to_cell = o * (1 - squashed * squashed)
    dh, dc = h0.new_zeros(h0.shape), c0.new_zeros(c0.shape)
    rows, outs = {}, {}
    for start, n in _backward(batch_sizes, reverse):
        now = outs[start] = g_out.narrow(0, start, n) + dh.narrow(0, 0, n)
        hidden = now @ weight_hr[0] if weight_hr else now
        cell = g_cells.narrow(0, start, n) + dc.narrow(0, 0, n) + hidden * to_cell.narrow(0, start, n)
        inner = CAT(cell, cell, cell, 1) * by_cell.narrow(0, start, n)
        rows[start] = CAT(inner, hidden * by_o.narrow(0, start, n), 1)
        dh = _replace(dh, rows[start] @ weight_hh)
        dc = _replace(dc, cell * f.narrow(0, start, n))
    gates_grad = _in_order(rows)
    grads = (gates_grad, dh, dc, gates_grad.mT @ before)
    return (*grads, _in_order(outs).mT @ (o * squashed)) if weight_hr else grads
