"""Shapes of recurrent layers; what their parts are is said in engine/ops/recurrence.py."""

from itertools import pairwise
from typing import Any

from engine.backends.meta.array import MetaArray
from engine.backends.registry import Kernel
from engine.errors import DTypeError, ShapeError


def _check(
    op: str,
    several: int,
    gates: MetaArray,
    h0: MetaArray,
    size: int,
    weight: MetaArray,
    batch_sizes: tuple[int, ...],
) -> None:
    """The rows fit the steps, and the state and the recurrent weight fit the gates."""
    if any(b > a for a, b in pairwise(batch_sizes)):
        raise ShapeError(
            f"{op}: no step may have more sequences than the one before, and they are {batch_sizes}"
        )
    total, first = sum(batch_sizes), batch_sizes[0] if batch_sizes else 0
    if gates.shape != (total, several * size):
        raise ShapeError(
            f"{op}: for {total} rows and {several} gates of hidden size {size} the gates are "
            f"{(total, several * size)}, not {gates.shape}"
        )
    if h0.ndim != 2 or h0.shape[0] != first:
        raise ShapeError(f"{op}: the initial state of {first} sequences can't be {h0.shape}")
    if weight.shape != (several * size, h0.shape[1]):
        raise ShapeError(
            f"{op}: weight_hh is {weight.shape}; for {several} gates of hidden size {size} and a state of "
            f"{h0.shape[1]} it must be {(several * size, h0.shape[1])}"
        )
    if not gates.dtype == h0.dtype == weight.dtype:
        raise DTypeError(
            f"{op}: the gates are {gates.dtype}, the state {h0.dtype} and the weight {weight.dtype}; they "
            "must be the same"
        )


def _like(*arrays: MetaArray) -> tuple[MetaArray, ...]:
    return tuple(MetaArray(array.shape, array.dtype) for array in arrays)


def _rnn(
    gates: MetaArray,
    h0: MetaArray,
    weight: MetaArray,
    batch_sizes: tuple[int, ...],
    nonlinearity: str,
    reverse: bool,
) -> MetaArray:
    _check("rnn", 1, gates, h0, h0.shape[-1], weight, batch_sizes)
    return MetaArray(gates.shape, gates.dtype)


def _rnn_grad(
    g: MetaArray, out: MetaArray, h0: MetaArray, weight: MetaArray, *_: Any
) -> tuple[MetaArray, ...]:
    return _like(out, h0, weight)


def _gru(
    gates: MetaArray,
    h0: MetaArray,
    weight: MetaArray,
    bias: MetaArray,
    batch_sizes: tuple[int, ...],
    reverse: bool,
) -> tuple[MetaArray, MetaArray]:
    _check("gru", 3, gates, h0, h0.shape[-1], weight, batch_sizes)
    if bias.shape != weight.shape[:1]:
        raise ShapeError(
            f"gru: bias_hh is {bias.shape}; it must be {weight.shape[:1]}, as weight_hh has rows"
        )
    rows, size = gates.shape[0], h0.shape[1]
    return MetaArray((rows, size), gates.dtype), MetaArray((rows, 4 * size), gates.dtype)


def _gru_grad(
    g: MetaArray, out: MetaArray, acts: MetaArray, h0: MetaArray, weight: MetaArray, *_: Any
) -> tuple[MetaArray, ...]:
    gates = MetaArray((out.shape[0], weight.shape[0]), out.dtype)
    return (gates, *_like(h0, weight), MetaArray(weight.shape[:1], weight.dtype))


def _lstm(
    gates: MetaArray, h0: MetaArray, c0: MetaArray, weight: MetaArray, *rest: Any
) -> tuple[MetaArray, ...]:
    *projection, batch_sizes, _ = rest
    size = c0.shape[-1]
    _check("lstm", 4, gates, h0, size, weight, batch_sizes)
    if c0.shape != (h0.shape[0], size) or c0.dtype != h0.dtype:
        raise ShapeError(f"lstm: the initial cell {c0.shape} doesn't fit the initial hidden state {h0.shape}")
    width = projection[0].shape if projection else (size, size)
    if width != (h0.shape[1], size):
        raise ShapeError(
            f"lstm: the state h0 is {h0.shape}, and an output of {width[0]} from a hidden size of {size} "
            f"needs a state of {width[0]}"
        )
    return (
        MetaArray((gates.shape[0], h0.shape[1]), gates.dtype),
        MetaArray((gates.shape[0], size), gates.dtype),
        MetaArray(gates.shape, gates.dtype),
    )


def _lstm_grad(
    g_out: MetaArray,
    g_cells: MetaArray,
    out: MetaArray,
    cells: MetaArray,
    acts: MetaArray,
    h0: MetaArray,
    c0: MetaArray,
    weight: MetaArray,
    *rest: Any,
) -> tuple[MetaArray, ...]:
    *projection, _, _ = rest
    last = projection[0].shape if projection else (0, c0.shape[1])
    return (*_like(acts, h0, c0, weight), MetaArray(last, acts.dtype))


KERNELS: dict[str, Kernel] = {
    "rnn": _rnn,
    "rnn_grad": _rnn_grad,
    "gru": _gru,
    "gru_grad": _gru_grad,
    "lstm": _lstm,
    "lstm_grad": _lstm_grad,
}
