"""Layers whose sequences end at different steps, walk both ways, and project: all of it is native."""

import numpy as np
import pytest

import engine
from engine.backends import NUMPY, native
from engine.device import CPU

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = (native.EVERY or native.BACKEND).kernels
LENGTHS = [9, 4, 9, 1, 6]


def _gradients(layer, x, lengths):
    for each in (x, *layer.parameters()):
        each.grad = None
    given = x
    if lengths:
        given = engine.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    out, _ = layer(given)
    (out.data if lengths else out).square().sum().backward()
    return [each.grad.numpy().copy() for each in (x, *layer.parameters())]


@pytest.mark.parametrize("lengths", [None, LENGTHS])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("LSTM", {"bidirectional": True, "num_layers": 2}),
        ("LSTM", {"proj_size": 7}),
        ("GRU", {"bidirectional": True}),
        ("RNN", {"nonlinearity": "relu", "bias": False}),
    ],
)
def test_what_a_layer_calls_has_rows_and_gives_what_numpy_gives(monkeypatch, name, options, lengths):
    layer = getattr(engine.nn, name)(20, 41, batch_first=True, **options)
    x = engine.rand(5, 9, 20).requires_grad_()
    called = set()
    for op in ("lstm", "lstm_grad", "gru", "gru_grad", "rnn", "rnn_grad", "index", "index_grad"):
        row = native.ROWS[op]

        def asked(*operands, op=op, row=row):
            assert row(*operands) is not None, op
            called.add(op)
            return KERNELS[op](*operands)

        monkeypatch.setitem(CPU.kernels, op, asked)
    ours = _gradients(layer, x, lengths)
    assert {name.lower(), f"{name.lower()}_grad"} <= called
    monkeypatch.undo()
    for op in called:
        monkeypatch.setitem(CPU.kernels, op, NUMPY.kernels[op])
    for a, b in zip(ours, _gradients(layer, x, lengths), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
