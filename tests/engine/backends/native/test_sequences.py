"""Layers for sequences compute natively what they call, and give what they give on NumPy."""

import numpy as np
import pytest

import engine
from engine.backends import NUMPY, native
from engine.device import CPU

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = dict(native.BACKEND.kernels)
FAMILIES = (native.attention, native.indexing, native.recurrence)
LENGTHS = [9, 4, 9, 1, 6]


def _agrees(monkeypatch, compute, ops):
    """compute() gives the same from both backends; it calls these ops, and all that it calls have rows."""
    called = set()
    for family in FAMILIES:
        for op, row in family.ROWS.items():

            def asked(*operands, op=op, row=row):
                assert row(*operands) is not None, op
                called.add(op)
                return KERNELS[op](*operands)

            monkeypatch.setitem(CPU.kernels, op, asked)
    ours = compute()
    assert set(ops) <= called
    monkeypatch.undo()
    for op in called:
        monkeypatch.setitem(CPU.kernels, op, NUMPY.kernels[op])
    for a, b in zip(ours, compute(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def _gradients(x, layer, run):
    leaves = [each for each in (x, *layer.parameters()) if each.requires_grad]
    for each in leaves:
        each.grad = None
    run(x).square().sum().backward()
    return [each.grad.numpy().copy() for each in leaves]


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
def test_recurrent_layers_whose_sequences_end_at_different_steps(monkeypatch, name, options, lengths):
    layer = getattr(engine.nn, name)(20, 41, batch_first=True, **options)
    x = engine.rand(5, 9, 20).requires_grad_()

    def run(x):
        if lengths is None:
            return layer(x)[0]
        packed = engine.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return engine.nn.utils.rnn.pad_packed_sequence(layer(packed)[0])[0]

    own = {name.lower(), f"{name.lower()}_grad"}
    _agrees(monkeypatch, lambda: _gradients(x, layer, run), own)


@pytest.mark.parametrize("causal", [False, True])
def test_a_transformer_layer_with_dropped_weights_and_padding(monkeypatch, causal):
    layer = engine.nn.TransformerEncoderLayer(24, 3, 40, dropout=0.2, batch_first=True)
    x = engine.rand(5, 9, 24).requires_grad_()
    mask = engine.nn.Transformer.generate_square_subsequent_mask(9)
    padding = None if causal else engine.arange(9) >= engine.tensor(LENGTHS).unsqueeze(1)

    def run(x):
        engine.manual_seed(3)
        return layer(x, src_mask=mask if causal else None, src_key_padding_mask=padding, is_causal=causal)

    _agrees(monkeypatch, lambda: _gradients(x, layer, run), {"attention", "attention_grad"})


@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}, {"scale_grad_by_freq": True}])
def test_an_embedding_of_a_part_of_a_text(monkeypatch, options):
    layer = engine.nn.Embedding(7, 12, **options)
    text = (engine.arange(60).reshape(5, 12) * 5) % 7
    x = engine.rand(5, 1, 12)
    _agrees(
        monkeypatch,
        lambda: _gradients(x, layer, lambda x: (layer(text[:, 1:]) + x).transpose(0, 1)),
        {"embedding", "embedding_grad"},
    )


def test_selections_by_index(monkeypatch):
    linear = engine.nn.Linear(12, 12)
    x = engine.rand(6, 12).requires_grad_()
    rows, places = engine.tensor([[5, 0], [2, 2]]), engine.tensor([[1], [-1 % 12], [4], [4], [0], [7]])

    def run(x):
        y = linear(x)
        picked = y[rows].sum((0, 1)) + y[:, engine.tensor([3, -1, 3])].sum() + y.gather(1, places).sum()
        added = engine.zeros(6, 12).scatter_add(1, places, y[:, :1])
        return picked + added.sum(0) * y[2:4, ::3].sum()

    ops = {"index", "index_grad", "gather", "scatter_add", "slice_grad"}
    _agrees(monkeypatch, lambda: _gradients(x, linear, run), ops)


def test_not_a_number_and_infinity_go_through_as_in_numpy():
    generator = np.random.default_rng(0)
    x, h0, weight, bias = (
        generator.standard_normal(shape).astype(np.float32)
        for shape in ((40, 160), (8, 40), (160, 40), (120,))
    )
    x[3, 7], x[12, 90], x[13, 100], x[14, 1] = np.nan, np.inf, -np.inf, -np.inf
    sizes = (8,) * 5
    q, mask = x.reshape(1, 100, 64), np.zeros((100, 100), np.float32)
    mask[4], mask[5, 5], mask[6, :50], mask[7, 2] = -np.inf, np.inf, -np.inf, np.nan
    calls = [
        ("lstm", (x, h0, h0, weight, sizes, False)),
        ("gru", (x[:, :120].copy(), h0, weight[:120], bias, sizes, False)),
        ("rnn", (x[:, :40].copy(), h0, weight[:40], sizes, "relu", False)),
        ("rnn", (x[:, :40].copy(), h0, weight[:40], sizes, "tanh", False)),
        ("attention", (q, q, q, np.array([1, 2, 3]), 0.0, False, 0.1, False)),
        (
            "attention",
            (*[np.nan_to_num(q, posinf=1, neginf=-1)] * 3, np.array([1, 2, 3]), mask, 0.0, True, 0.1, False),
        ),
    ]
    for op, operands in calls:
        assert native.ROWS[op](*operands) is not None
        with np.errstate(all="ignore"):
            ours, theirs = (kernels[op](*operands) for kernels in (KERNELS, NUMPY.kernels))
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=op)
