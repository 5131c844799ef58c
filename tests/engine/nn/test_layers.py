"""Layers and losses against PyTorch's, with the same weights."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, IndexError_, ShapeError


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (4,), (2, 3, 4)])
def test_linear_agrees_with_torch(torch, bias, shape):
    ours, theirs = (lib.nn.Linear(4, 3, bias=bias) for lib in (engine, torch))
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    a, b = engine.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    ours(a).sum().backward()
    theirs(b).sum().backward()
    np.testing.assert_allclose(ours(a).detach(), theirs(b).detach(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(a.grad, b.grad, rtol=1e-5)
    np.testing.assert_allclose(ours.weight.grad, theirs.weight.grad, rtol=1e-5)


def test_linear_starts_as_torchs_does(torch):
    layer = nn.Linear(256, 512)
    bound = 1 / 16
    for p in layer.parameters():
        assert -bound <= p.min().item() < -0.98 * bound
        assert 0.98 * bound < p.max().item() < bound
    assert layer.weight.std().item() == pytest.approx(torch.nn.Linear(256, 512).weight.std().item(), rel=0.01)


def test_initial_values_depend_on_the_seed_only():
    def weights(seed):
        engine.manual_seed(seed)
        return nn.Linear(3, 3).weight

    assert engine.equal(weights(4), weights(4))
    assert not engine.equal(weights(4), weights(5))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        *[(name, ()) for name in ("ReLU", "Tanh", "Sigmoid", "GELU", "Flatten", "Identity")],
        ("GELU", ("tanh",)),
        ("Softmax", (1,)),
        ("LogSoftmax", (1,)),
        ("Flatten", (0, 1)),
        ("Unflatten", (1, (2, 2))),
    ],
)
def test_layers_without_weights_agree_with_torch(torch, name, args):
    x = np.random.default_rng(1).standard_normal((3, 4, 2)).astype(np.float32)
    a, b = engine.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    ours, theirs = getattr(nn, name)(*args)(a), getattr(torch.nn, name)(*args)(b)
    np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=1e-5, atol=1e-6)
    (ours * ours).sum().backward()
    (theirs * theirs).sum().backward()
    np.testing.assert_allclose(a.grad, b.grad, rtol=1e-4, atol=1e-5)


def test_dropout_layers_drop_in_training_only():
    layer = nn.Dropout(0.5)
    x = engine.ones(1000)
    assert 300 < (layer(x) == 0).sum().item() < 700
    assert layer.eval()(x) is x
    with pytest.raises(ShapeError, match="probability"):
        nn.Dropout(-0.1)


def _both(torch, call, *arrays):
    """Value and gradient of a loss in both libraries."""
    found = []
    for lib in (engine, torch):
        tensors = [lib.tensor(a) for a in arrays]
        tensors[0].requires_grad_()
        out = call(lib, *tensors)
        (out * out).sum().backward()
        found.append((out.detach().numpy(), tensors[0].grad.numpy()))
    for a, b in zip(*found, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


RNG = np.random.default_rng(2)
SHAPES = {
    "rows": (RNG.standard_normal((6, 5)), RNG.integers(0, 5, 6)),
    "one sample": (RNG.standard_normal(5), np.int64(3)),
    "images": (RNG.standard_normal((2, 5, 3, 4)), RNG.integers(0, 5, (2, 3, 4))),
    "ignored": (RNG.standard_normal((4, 5)), np.array([1, -100, 4, -100])),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("case", SHAPES)
def test_cross_entropy_agrees_with_torch(torch, case, reduction, weighted, smoothing):
    weight = np.linspace(0.5, 2, 5)

    def call(lib, x, target):
        return lib.nn.CrossEntropyLoss(
            weight=lib.tensor(weight) if weighted else None, reduction=reduction, label_smoothing=smoothing
        )(x, target)

    _both(torch, call, *SHAPES[case])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_takes_probabilities(torch, reduction, smoothing):
    p = RNG.dirichlet(np.ones(5), 6)

    def call(lib, x, t):
        return lib.nn.functional.cross_entropy(x, t, reduction=reduction, label_smoothing=smoothing)

    _both(torch, call, SHAPES["rows"][0], p)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", ["rows", "images", "ignored"])
def test_nll_agrees_with_torch(torch, case, reduction, weighted):
    weight = np.linspace(0.5, 2, 5)

    def call(lib, x, target):
        chosen = lib.tensor(weight) if weighted else None
        return lib.nn.NLLLoss(weight=chosen, reduction=reduction)(x.log_softmax(1), target)

    _both(torch, call, *SHAPES[case])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name", ["MSELoss", "L1Loss"])
def test_regression_losses_agree_with_torch(torch, name, reduction):
    x, y = RNG.standard_normal((2, 3, 4))
    _both(torch, lambda lib, a, b: getattr(lib.nn, name)(reduction=reduction)(a, b), x, y)


def test_losses_refuse_what_does_not_fit():
    scores = engine.zeros(4, 3)
    loss = nn.CrossEntropyLoss()
    with pytest.raises(ShapeError, match="don't fit"):
        loss(scores, engine.zeros(5, dtype=engine.int64))
    with pytest.raises(IndexError_, match=r"target\[2\] is class 3; with 3 classes it must be in \[0, 3\)"):
        loss(scores, engine.tensor([0, 1, 3, 0]))
    with pytest.raises(IndexError_, match="class -1"):
        loss(scores, engine.tensor([0, 1, -1, 0]))
    with pytest.raises(DTypeError, match="int64"):
        loss(scores, engine.zeros(4, dtype=engine.int32))
    with pytest.raises(ShapeError, match="same shape"):
        nn.MSELoss()(engine.zeros(4), engine.zeros(4, 1))
    with pytest.raises(DTypeError, match="MSELoss: reduction must be 'mean' or 'sum' or 'none', not 'avg'"):
        nn.MSELoss(reduction="avg")(scores, scores)  # type: ignore[arg-type]  # on purpose


def test_initialisers_have_their_variance():
    w = engine.empty(400, 300)
    for fill, variance in (
        (nn.init.xavier_uniform_, 2 / 700),
        (nn.init.xavier_normal_, 2 / 700),
        (nn.init.kaiming_uniform_, 2 / 300),
        (lambda t: nn.init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"), 2 / 400),
        (lambda t: nn.init.normal_(t, 0, 0.5), 0.25),
    ):
        assert fill(w) is w
        assert w.var().item() == pytest.approx(variance, rel=0.02)
    assert nn.init.ones_(w).sum().item() == 120_000
    assert not nn.init.zeros_(w).any()
    with pytest.raises(ShapeError, match="at least two axes"):
        nn.init.xavier_uniform_(engine.empty(3))
