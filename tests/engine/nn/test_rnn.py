"""Recurrent layers and cells beside PyTorch's: outputs, final states, gradients, packed and padded."""

import itertools
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, ShapeError
from engine.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

F, H, T, N = 4, 3, 5, 3
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "tanh": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "LSTM": ("LSTM", {}),
    "projected": ("LSTM", {"proj_size": 2}),
    "GRU": ("GRU", {}),
}
FORMS: dict[str, dict[str, Any]] = {
    "one layer": {},
    "stacked": {"num_layers": 2},
    "both ways": {"num_layers": 2, "bidirectional": True},
    "without biases": {"bias": False},
    "batch first": {"batch_first": True, "bidirectional": True},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def pair(torch, kind, **options):
    """A layer of ours and PyTorch's with the same weights, in float64."""
    name, own = KINDS[kind]
    ours = getattr(nn, name)(F, H, **own, **options).double()
    theirs = getattr(torch.nn, name)(F, H, **own, **options).double()
    theirs.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})
    return ours, theirs


def leaves(torch, *shapes, seed=0):
    """Arrays as tensors of ours and of PyTorch's, which all want gradients."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    ours = [engine.from_numpy(a.copy()).requires_grad_() for a in arrays]
    return ours, [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]


def flat(value):
    if isinstance(value, list | tuple):
        return [each for item in value for each in flat(item)]
    return [value]


def assert_same(torch, found, expected, ours, theirs):
    """Results agree, and so do the gradients of a weighted sum of them with respect to `ours`."""
    found, expected = flat(found), flat(expected)
    rng = np.random.default_rng(1)
    total, other = engine.zeros((), dtype=engine.float64), torch.zeros(())
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-11)
        w = rng.standard_normal(tuple(b.shape))
        total, other = total + (a * engine.from_numpy(w)).sum(), other + (b * torch.from_numpy(w)).sum()
    total.backward()
    other.backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-9, atol=1e-11)


def states(torch, ours, batch, seed=3):
    count = ours.num_layers * (2 if ours.bidirectional else 1)
    lead = (count,) if batch is None else (count, batch)
    shapes = [(*lead, ours.proj_size or H), (*lead, H)] if isinstance(ours, nn.LSTM) else [(*lead, H)]
    a, b = leaves(torch, *shapes, seed=seed)
    return (tuple(a), tuple(b)) if len(a) == 2 else (a[0], b[0])


@every_kind
@pytest.mark.parametrize("form", FORMS)
def test_padded_batches_agree_with_torch(torch, kind, form):
    ours, theirs = pair(torch, kind, **FORMS[form])
    (x,), (y,) = leaves(torch, (N, T, F) if ours.batch_first else (T, N, F))
    for given in (False, True):
        h, g = states(torch, ours, N) if given else (None, None)
        mine = [x, *ours.parameters(), *(flat(h) if given else ())]
        other = [y, *theirs.parameters(), *(flat(g) if given else ())]
        assert_same(torch, ours(x, h), theirs(y, g), mine, other)


@every_kind
def test_a_single_sequence_agrees_with_torch(torch, kind):
    ours, theirs = pair(torch, kind, bidirectional=True, batch_first=True)
    (x,), (y,) = leaves(torch, (T, F))
    h, g = states(torch, ours, None)
    assert_same(torch, ours(x, h), theirs(y, g), [x, *flat(h)], [y, *flat(g)])
    assert_same(torch, ours(x), theirs(y), list(ours.parameters()), list(theirs.parameters()))


@every_kind
def test_a_batch_of_no_sequences_gives_none(torch, kind):
    ours, theirs = pair(torch, kind, bidirectional=True)
    (x,), (y,) = leaves(torch, (T, 0, F))
    assert_same(torch, ours(x), theirs(y), [x], [y])


@every_kind
@pytest.mark.parametrize("is_sorted", [True, False])
def test_packed_sequences_agree_with_torch(torch, kind, is_sorted):
    ours, theirs = pair(torch, kind, bidirectional=True, num_layers=2)
    lengths = [5, 3, 3] if is_sorted else [2, 5, 4]
    (x,), (y,) = leaves(torch, (T, N, F))
    h, g = states(torch, ours, N)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=is_sorted)
    other = torch.nn.utils.rnn.pack_padded_sequence(y, lengths, enforce_sorted=is_sorted)
    (out, h_n), (expected, g_n) = ours(packed, h), theirs(other, g)
    assert out.batch_sizes.tolist() == expected.batch_sizes.tolist()
    padded, _ = pad_packed_sequence(out)
    reference, _ = torch.nn.utils.rnn.pad_packed_sequence(expected)
    mine, yours = [x, *flat(h), *ours.parameters()], [y, *flat(g), *theirs.parameters()]
    assert_same(torch, (padded, h_n), (reference, g_n), mine, yours)


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("options", [{}, {"bias": False}])
def test_cells_agree_with_torch(torch, name, options):
    ours = getattr(nn, name)(F, H, **options).double()
    theirs = getattr(torch.nn, name)(F, H, **options).double()
    theirs.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})
    for lead in ((N,), ()):
        (x, h, c), (y, g, d) = leaves(torch, (*lead, F), (*lead, H), (*lead, H))
        if name == "LSTMCell":
            assert_same(torch, ours(x, (h, c)), theirs(y, (g, d)), [x, h, c], [y, g, d])
        else:
            assert_same(torch, ours(x, h), theirs(y, g), [x, h], [y, g])
        parameters = list(ours.parameters()), list(theirs.parameters())
        assert_same(torch, ours(x), theirs(y), [x, *parameters[0]], [y, *parameters[1]])


def test_steps_of_a_cell_are_those_of_the_layer():
    layer, cell = nn.GRU(F, H), nn.GRUCell(F, H)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    x, h = engine.randn(T, N, F), engine.zeros(N, H)
    for step in x:
        h = cell(step, h)
    assert engine.allclose(layer(x)[0][-1], h, atol=1e-6)


@every_kind
def test_initial_values_fill_the_interval_that_torch_draws_from(kind):
    name, own = KINDS[kind]
    engine.manual_seed(0)
    layer = getattr(nn, name)(20, 25, num_layers=2, **own)
    drawn = engine.cat([parameter.detach().reshape(-1) for parameter in layer.parameters()]).numpy()
    assert np.abs(drawn).max() <= 0.2
    # of numbers uniform in +-0.2
    assert abs(drawn.mean()) < 0.01
    assert drawn.std() == pytest.approx(0.2 / 3**0.5, rel=0.03)


@every_kind
def test_second_derivatives_through_packed_layers_agree_with_torch(torch, kind):
    ours, theirs = pair(torch, kind, bidirectional=True)
    (x,), (y,) = leaves(torch, (T, N, F))
    found = []
    for net, input, grad, pack in (
        (ours, x, engine.autograd.grad, pack_padded_sequence),
        (theirs, y, torch.autograd.grad, torch.nn.utils.rnn.pack_padded_sequence),
    ):
        out, _ = net(pack(input, [5, 4, 1]))
        (first,) = grad((out.data**2).sum(), [input], create_graph=True)
        found.append(grad((first**2).sum(), [input, *net.parameters()], allow_unused=True))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8, atol=1e-10)


def test_dropout_lies_between_layers_and_only_in_training():
    layer = nn.LSTM(F, H, num_layers=2, dropout=1.0)
    x = engine.randn(T, N, F)
    zeros = nn.LSTM(H, H)
    zeros.load_state_dict({k.replace("l1", "l0"): v for k, v in layer.state_dict().items() if "l1" in k})
    assert engine.allclose(layer(x)[0], zeros(engine.zeros(T, N, H))[0])
    assert not engine.allclose(layer.eval()(x)[0], zeros(engine.zeros(T, N, H))[0])


def test_dropout_without_a_second_layer_warns():
    with pytest.warns(UserWarning, match="dropout is between layers"):
        nn.GRU(F, H, dropout=0.5)


def test_the_layer_prints_what_differs_from_the_defaults(torch):
    for kind, form in itertools.product(("LSTM", "GRU", "tanh"), FORMS.values()):
        ours, theirs = pair(torch, kind, **form)
        assert repr(ours) == repr(theirs)


def test_all_weights_and_flatten_parameters_are_there():
    layer = nn.LSTM(F, H, num_layers=2, bidirectional=True)
    layer.flatten_parameters()
    assert [len(each) for each in layer.all_weights] == [4] * 4
    assert layer.all_weights[3][0] is layer.weight_ih_l1_reverse


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.LSTM(F, H)(engine.zeros(T, N, 7)), "7 features, and input_size is 4"),
        (lambda: nn.LSTM(F, H)(engine.zeros(T)), r"\[L, N, I\], not of shape \(5,\)"),
        (lambda: nn.LSTM(F, H)(engine.zeros(0, N, F)), "no steps"),
        (lambda: nn.GRU(F, H)(engine.zeros(T, N, F), engine.zeros(1, 2, H)), r"h_0 is \(1, 2, 3\)"),
        (lambda: nn.LSTM(F, H)(engine.zeros(T, N, F), (engine.zeros(1, N, H),)), "two initial states"),
        (lambda: nn.LSTM(F, H, proj_size=3), "proj_size 3 must be less than hidden_size 3"),
        (
            lambda: nn.RNN(F, H, nonlinearity="sin"),  # type: ignore[arg-type]  # that is the mistake
            "'tanh' or 'relu', not 'sin'",
        ),
        (lambda: nn.RNN(F, 0), "at least 1"),
        (lambda: nn.RNN(F, H, 2, dropout=2), "probability"),
        (lambda: nn.GRUCell(F, H)(engine.zeros(N, 7)), r"\[N, 4\], not of shape \(3, 7\)"),
        (lambda: nn.GRUCell(F, H)(engine.zeros(N, F), engine.zeros(H)), r"\(3, 3\), not \(3,\)"),
    ],
)
def test_mistakes_are_told_with_shapes(call, words):
    with pytest.raises(ShapeError, match=words):
        call()


def test_an_input_of_another_dtype_is_refused():
    with pytest.raises(DTypeError, match="float64 and the weights are"):
        nn.GRU(F, H)(engine.zeros(T, N, F, dtype=engine.float64))


def test_a_state_of_another_dtype_is_refused():
    with pytest.raises(DTypeError, match=r"an initial state engine\.float64"):
        nn.GRU(F, H)(engine.zeros(T, N, F), engine.zeros(1, N, H, dtype=engine.float64))


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"])
def test_dtypes_under_autocast_are_torchs(torch, name):
    ours, theirs = getattr(nn, name)(F, H), getattr(torch.nn, name)(F, H)
    theirs.load_state_dict({k: torch.from_numpy(v.numpy().copy()) for k, v in ours.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((N, F) if "Cell" in name else (T, N, F)).astype(np.float32)
    with engine.autocast("cpu"):
        found = flat(ours(engine.from_numpy(x)))
    with torch.autocast("cpu"):
        expected = flat(theirs(torch.from_numpy(x)))
    for a, b in zip(found, expected, strict=True):
        assert str(a.dtype).removeprefix("engine.") == str(b.dtype).removeprefix("torch.")
        np.testing.assert_allclose(a.float().detach().numpy(), b.float().detach().numpy(), atol=2e-2)
    sum(out.float().sum() for out in found).backward()
    assert {parameter.grad.dtype for parameter in ours.parameters()} == {engine.float32}
