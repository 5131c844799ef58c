"""Rows of the recurrent layers."""

from typing import Any

from engine.backends.native.rows import FLOAT32, Array, Native, Row, like, takes

Sizes = tuple[int, ...]


def _steps(batch_sizes: Sizes, reverse: bool) -> tuple[int, ...]:
    return (reverse, len(batch_sizes), *batch_sizes)


def _rows(*grads: Array) -> bool:
    """Whether what comes from behind has rows without gaps, which may lie apart: of a half of the result."""
    return all(g.dtype is FLOAT32 and (g.shape[1] == 1 or g.strides[1] == 4) for g in grads)


def rnn(
    gates: Array, h0: Array, weight: Array, batch_sizes: Sizes, nonlinearity: str, reverse: bool
) -> Native | None:
    if not takes(gates, h0, weight):
        return None
    return Native(f"rnn_{nonlinearity}", (gates, h0, weight), (like(gates),), _steps(batch_sizes, reverse))


def rnn_grad(
    g: Array, out: Array, h0: Array, weight: Array, batch_sizes: Sizes, nonlinearity: str, reverse: bool
) -> Native | None:
    if not takes(out, h0, weight) or not _rows(g):
        return None
    forms = (like(out), like(h0), like(weight))
    return Native(f"rnn_{nonlinearity}_grad", (g, out, h0, weight), forms, _steps(batch_sizes, reverse))


def gru(
    gates: Array, h0: Array, weight: Array, bias: Array, batch_sizes: Sizes, reverse: bool
) -> Native | None:
    if not takes(gates, h0, weight, bias):
        return None
    rows, size = len(gates), h0.shape[1]
    forms = (((rows, size), FLOAT32), ((rows, 4 * size), FLOAT32))
    return Native("gru", (gates, h0, weight, bias), forms, _steps(batch_sizes, reverse))


def gru_grad(
    g: Array, out: Array, acts: Array, h0: Array, weight: Array, batch_sizes: Sizes, reverse: bool
) -> Native | None:
    if not takes(out, acts, h0, weight) or not _rows(g):
        return None
    gates = ((len(out), len(weight)), FLOAT32)
    forms = (gates, like(h0), like(weight), ((len(weight),), FLOAT32))
    return Native("gru_grad", (g, out, acts, h0, weight), forms, _steps(batch_sizes, reverse))


def lstm(gates: Array, h0: Array, c0: Array, weight: Array, *rest: Any) -> Native | None:
    *projection, batch_sizes, reverse = rest
    if not takes(gates, h0, c0, weight, *projection):
        return None
    rows = len(gates)
    forms = (((rows, h0.shape[1]), FLOAT32), ((rows, c0.shape[1]), FLOAT32), like(gates))
    name = "lstm_projected" if projection else "lstm"
    return Native(name, (gates, h0, c0, weight, *projection), forms, _steps(batch_sizes, reverse))


def lstm_grad(
    g_out: Array,
    g_cells: Array,
    out: Array,
    cells: Array,
    acts: Array,
    h0: Array,
    c0: Array,
    weight: Array,
    *rest: Any,
) -> Native | None:
    *projection, batch_sizes, reverse = rest
    operands = (out, cells, acts, h0, c0, weight, *projection)
    if not takes(*operands) or not _rows(g_out, g_cells):
        return None
    last = projection[0].shape if projection else (0, c0.shape[1])
    forms = (like(acts), like(h0), like(c0), like(weight), (last, FLOAT32))
    name = "lstm_projected_grad" if projection else "lstm_grad"
    return Native(name, (g_out, g_cells, *operands), forms, _steps(batch_sizes, reverse))


ROWS: dict[str, Row] = {
    "gru": gru,
    "gru_grad": gru_grad,
    "lstm": lstm,
    "lstm_grad": lstm_grad,
    "rnn": rnn,
    "rnn_grad": rnn_grad,
}
