"""Activation layers and functions against PyTorch's, in place too."""

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, NotDifferentiable, ShapeError
from tests.engine.nn.pairs import close, compare

X = np.random.default_rng(1).standard_normal((3, 4, 2, 2)).astype(np.float32) * 3
PLAIN: dict[str, list[Any]] = {
    "ELU": [(), (0.5,)],
    "CELU": [(), (2.0,)],
    "SELU": [()],
    "GELU": [(), ("tanh",)],
    "GLU": [(1,), ()],
    "Hardshrink": [(), (1.0,)],
    "Hardsigmoid": [()],
    "Hardswish": [()],
    "Hardtanh": [(), (-2.0, 0.5)],
    "LeakyReLU": [(), (0.2,)],
    "LogSigmoid": [()],
    "LogSoftmax": [(1,), ()],
    "Mish": [()],
    "PReLU": [(), (4,), (1, 0.1)],
    "RReLU": [()],
    "ReLU": [()],
    "ReLU6": [()],
    "SiLU": [()],
    "Sigmoid": [()],
    "Softmax": [(1,), ()],
    "Softmax2d": [()],
    "Softmin": [(-1,)],
    "Softplus": [(), (2.0, 1.0)],
    "Softshrink": [(), (1.0,)],
    "Softsign": [()],
    "Tanh": [()],
    "Tanhshrink": [()],
    "Threshold": [(0.5, -1.0)],
}
CASES = [(name, args) for name, several in PLAIN.items() for args in several]
IN_PLACE = [
    ("ReLU", ()),
    ("ReLU6", ()),
    ("ELU", ()),
    ("CELU", (0.7,)),
    ("SELU", ()),
    ("Hardtanh", ()),
    ("LeakyReLU", (0.2,)),
    ("RReLU", ()),
    ("SiLU", ()),
    ("Mish", ()),
    ("Hardsigmoid", ()),
    ("Hardswish", ()),
    ("Threshold", (0.1, 2.0)),
]


# PyTorch warns where it chooses the axis itself; the choice is the same here
@pytest.mark.filterwarnings("ignore:Implicit dimension choice")
@pytest.mark.parametrize(("name", "args"), CASES)
def test_layers_agree_with_torch(torch, name, args):
    ours, theirs = (getattr(lib.nn, name)(*args).eval() for lib in (engine, torch))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    compare(torch, ours, theirs, X)


@pytest.mark.parametrize(("name", "args"), IN_PLACE)
def test_in_place_the_input_becomes_the_result_and_gradients_stay_right(torch, name, args):
    found = []
    for lib in (engine, torch):
        layer = getattr(lib.nn, name)(*args, inplace=True).eval()
        leaf = lib.tensor(X, requires_grad=True)
        x = leaf * 1.5
        out = layer(x)
        assert out is x
        (out * out).sum().backward()
        found.append((x, leaf.grad))
    for a, b in zip(*found, strict=True):
        close(a, b, 1e-5, name)


@pytest.mark.parametrize(("name", "args"), IN_PLACE)
def test_in_place_a_leaf_that_learns_is_refused(name, args):
    with pytest.raises(NotDifferentiable, match="leaf"):
        getattr(nn, name)(*args, inplace=True)(engine.tensor(X, requires_grad=True))


def test_a_value_that_a_gradient_needs_must_not_be_overwritten():
    x = engine.tensor(X, requires_grad=True)
    y = x.exp()
    nn.functional.relu(y, inplace=True)
    with pytest.raises(NotDifferentiable, match="changed in place"):
        y.sum().backward()


def test_functions_with_an_underscore_work_in_place(torch):
    F = nn.functional
    for name, args in (
        ("relu_", ()),
        ("elu_", (0.5,)),
        ("celu_", ()),
        ("selu_", ()),
        ("hardtanh_", ()),
        ("leaky_relu_", ()),
        ("threshold_", (0.5, 1.0)),
    ):
        ours, theirs = engine.tensor(X), torch.tensor(X)
        assert getattr(F, name)(ours, *args) is ours
        getattr(torch.nn.functional, name)(theirs, *args)
        close(ours, theirs, 1e-5, name)


def test_a_closed_unit_is_closed_to_an_infinite_gradient(torch):
    grads = []
    for lib in (engine, torch):
        x = lib.tensor([-1.0, 0.0, 2.0], requires_grad=True)
        lib.nn.functional.relu(x).backward(lib.tensor([float("inf"), float("-inf"), float("inf")]))
        grads.append(x.grad)
    ours, theirs = grads
    close(ours, theirs, 1e-6, "gradient")
    assert ours.tolist() == [0.0, 0.0, float("inf")]


def test_gelu_is_that_of_torch_far_out_too(torch):
    x = np.linspace(-8, 8, 401)
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-6)):
        for approximate in ("none", "tanh"):
            ours, theirs = (
                lib.nn.functional.gelu(lib.tensor(x.astype(dtype)), approximate=approximate)
                for lib in (engine, torch)
            )
            close(ours, theirs, tolerance, approximate)


def test_random_slopes_lie_between_their_bounds():
    engine.manual_seed(0)
    x = -engine.ones(20_000)
    slopes = -nn.RReLU(0.1, 0.5)(x)
    assert 0.1 <= slopes.min().item() < 0.101
    assert 0.499 < slopes.max().item() <= 0.5
    assert slopes.mean().item() == pytest.approx(0.3, abs=0.005)
    x = engine.tensor(X, requires_grad=True)
    out = nn.functional.rrelu(x, 0.1, 0.5, training=True)
    out.sum().backward()
    # the same slopes in the gradient as in the value
    np.testing.assert_allclose(x.grad.numpy() * X, out.detach().numpy(), rtol=1e-5)


def test_gumbel_softmax_draws_from_the_distribution_and_can_be_learned():
    engine.manual_seed(1)
    p = engine.tensor([0.1, 0.2, 0.7])
    logits = p.log().expand(20_000, 3).clone().requires_grad_()
    hard = nn.functional.gumbel_softmax(logits, hard=True)
    assert (hard.detach().sum(1) - 1).abs().max().item() < 1e-5
    np.testing.assert_allclose(hard.detach().mean(0).numpy(), p.numpy(), atol=0.015)
    hard[:, 2].sum().backward()
    assert logits.grad.abs().sum().item() > 0
    soft = nn.functional.gumbel_softmax(logits.detach(), tau=0.5)
    assert 0 < soft.max().item() < 1 + 1e-6


def test_activations_refuse_what_they_cannot_do():
    x = engine.tensor(X)
    with pytest.raises(DTypeError, match="'none' or 'tanh'"):
        nn.functional.gelu(x, "erf")
    with pytest.raises(ShapeError, match="even size"):
        nn.GLU()(engine.zeros(3))
    with pytest.raises(ShapeError, match="must be less"):
        nn.Hardtanh(1.0, -1.0)
    with pytest.raises(ShapeError, match="one per channel"):
        nn.PReLU(3)(x)
    with pytest.raises(ShapeError, match=r"\[N, C, H, W\]"):
        nn.Softmax2d()(engine.zeros(3, 4))
    with pytest.raises(ShapeError, match="larger than upper"):
        nn.functional.rrelu(x, 0.5, 0.1)
    with pytest.raises(DTypeError, match="can't be stored"):
        nn.functional.elu(engine.tensor([1, -2]), inplace=True)


@pytest.mark.parametrize("name", ["ELU", "SELU", "CELU"])
def test_the_limit_far_below_zero_is_reached(torch, name):
    x = [-np.inf, -1e4, -0.0]
    ours, theirs = (getattr(lib.nn, name)()(lib.tensor(x)) for lib in (engine, torch))
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
