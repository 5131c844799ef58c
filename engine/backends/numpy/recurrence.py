"""Recurrent layers. What they compute, and what the formulas are, is said in engine/ops/recurrence.py."""

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.backends.numpy.elementwise import sigmoid
from engine.backends.packing import steps
from engine.backends.registry import Kernel

Array = npt.NDArray[Any]
Sizes = tuple[int, ...]


def _before(rows: Array, initial: Array, batch_sizes: Sizes, reverse: bool) -> Array:
    """The state that each step starts from, if `rows` are those that it ended with."""
    found = np.empty_like(rows)
    last = last_n = 0
    for start, n in steps(batch_sizes, reverse):
        common = min(n, last_n)
        found[start : start + common] = rows[last : last + common]
        found[start + common : start + n] = initial[common:n]
        last, last_n = start, n
    return found


def rnn(
    gates: Array, h0: Array, weight: Array, batch_sizes: Sizes, nonlinearity: str, reverse: bool
) -> Array:
    out = np.empty_like(gates)
    h = h0.copy()
    for start, n in steps(batch_sizes, reverse):
        now = np.matmul(h[:n], weight.T)
        now += gates[start : start + n]
        h[:n] = np.tanh(now) if nonlinearity == "tanh" else np.maximum(now, 0)
        out[start : start + n] = h[:n]
    return out


def rnn_grad(
    g: Array, out: Array, h0: Array, weight: Array, batch_sizes: Sizes, nonlinearity: str, reverse: bool
) -> tuple[Array, ...]:
    # the slopes, and in their place the gradients
    grad: Array = 1 - out * out if nonlinearity == "tanh" else (out > 0).astype(out.dtype)
    dh = np.zeros_like(h0)
    for start, n in steps(batch_sizes, not reverse):
        grad[start : start + n] *= g[start : start + n] + dh[:n]
        dh[:n] = np.matmul(grad[start : start + n], weight)
    return grad, dh, np.matmul(grad.T, _before(out, h0, batch_sizes, reverse))


def gru(
    gates: Array, h0: Array, weight: Array, bias: Array, batch_sizes: Sizes, reverse: bool
) -> tuple[Array, Array]:
    size = h0.shape[1]
    out = np.empty((len(gates), size), gates.dtype)
    acts = np.empty((len(gates), 4 * size), gates.dtype)
    h = h0.copy()
    for start, n in steps(batch_sizes, reverse):
        x = gates[start : start + n]
        inner = np.matmul(h[:n], weight.T)
        inner += bias
        rz = sigmoid(x[:, : 2 * size] + inner[:, : 2 * size])
        new = np.tanh(x[:, 2 * size :] + rz[:, :size] * inner[:, 2 * size :])
        h[:n] = new + rz[:, size:] * (h[:n] - new)
        out[start : start + n] = h[:n]
        np.concatenate((rz, inner[:, 2 * size :], new), 1, acts[start : start + n])
    return out, acts


def gru_grad(
    g: Array, out: Array, acts: Array, h0: Array, weight: Array, batch_sizes: Sizes, reverse: bool
) -> tuple[Array, ...]:
    total, size = out.shape
    before = _before(out, h0, batch_sizes, reverse)
    r, z, h_n, new = (acts[:, k * size : (k + 1) * size] for k in range(4))
    # what a change of h' comes to at each gate, and in its place the gradients
    outer = np.empty((total, 3, size), out.dtype)
    outer[:, 2] = (1 - z) * (1 - new * new)
    outer[:, 0] = outer[:, 2] * h_n * r * (1 - r)
    outer[:, 1] = (before - new) * z * (1 - z)
    recurrent = outer.copy()
    recurrent[:, 2] *= r
    flat = recurrent.reshape(total, 3 * size)
    dh = np.zeros_like(h0)
    for start, n in steps(batch_sizes, not reverse):
        rows = slice(start, start + n)
        now = g[rows] + dh[:n]
        outer[rows] *= now[:, None]
        recurrent[rows] *= now[:, None]
        now *= z[rows]
        now += np.matmul(flat[rows], weight)
        dh[:n] = now
    return outer.reshape(total, 3 * size), dh, np.matmul(flat.T, before), np.add.reduce(flat, 0)


def lstm(gates: Array, h0: Array, c0: Array, weight: Array, *rest: Any) -> tuple[Array, ...]:
    *projection, batch_sizes, reverse = rest
    size = c0.shape[1]
    out = np.empty((len(gates), h0.shape[1]), gates.dtype)
    cells = np.empty((len(gates), size), gates.dtype)
    acts = np.empty_like(gates)
    h, c = h0.copy(), c0.copy()
    for start, n in steps(batch_sizes, reverse):
        now = np.matmul(h[:n], weight.T)
        now += gates[start : start + n]
        i_f, o = sigmoid(now[:, : 2 * size]), sigmoid(now[:, 3 * size :])
        new = np.tanh(now[:, 2 * size : 3 * size])
        np.concatenate((i_f, new, o), 1, acts[start : start + n])
        c[:n] *= i_f[:, size:]
        c[:n] += i_f[:, :size] * new
        o *= np.tanh(c[:n])
        h[:n] = np.matmul(o, projection[0].T) if projection else o
        out[start : start + n], cells[start : start + n] = h[:n], c[:n]
    return out, cells, acts


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
) -> tuple[Array, ...]:
    *projection, batch_sizes, reverse = rest
    total, size = cells.shape
    before = _before(out, h0, batch_sizes, reverse)
    i, f, new, o = (acts[:, k * size : (k + 1) * size] for k in range(4))
    squashed = np.tanh(cells)
    # what a change of c' comes to at i, f, g, and one of h' at o; in their place the gradients
    grad = np.empty((total, 4, size), acts.dtype)
    grad[:, 0] = new * i * (1 - i)
    grad[:, 1] = _before(cells, c0, batch_sizes, reverse) * f * (1 - f)
    grad[:, 2] = i * (1 - new * new)
    grad[:, 3] = squashed * o * (1 - o)
    to_cell = o * (1 - squashed * squashed)
    flat = grad.reshape(total, 4 * size)
    outs = np.empty_like(out) if projection else None
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    for start, n in steps(batch_sizes, not reverse):
        rows = slice(start, start + n)
        hidden = g_out[rows] + dh[:n]
        if outs is not None:
            outs[rows] = hidden
            hidden = np.matmul(hidden, projection[0])
        dc[:n] += g_cells[rows]
        dc[:n] += hidden * to_cell[rows]
        grad[rows, :3] *= dc[:n, None]
        grad[rows, 3] *= hidden
        dh[:n] = np.matmul(flat[rows], weight)
        dc[:n] *= f[rows]
    weight_hr_grad = np.empty((0, size), acts.dtype) if outs is None else np.matmul(outs.T, o * squashed)
    return flat, dh, dc, np.matmul(flat.T, before), weight_hr_grad


KERNELS: dict[str, Kernel] = {
    "rnn": rnn,
    "rnn_grad": rnn_grad,
    "gru": gru,
    "gru_grad": gru_grad,
    "lstm": lstm,
    "lstm_grad": lstm_grad,
}
