"""Initialisers: the distributions and patterns that they fill tensors with."""

import math

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import ShapeError


@pytest.fixture(autouse=True)
def _seeded():
    engine.manual_seed(11)


@pytest.mark.parametrize(
    "name", ["linear", "conv1d", "conv_transpose3d", "sigmoid", "tanh", "relu", "selu", "leaky_relu"]
)
def test_gains_are_torchs(torch, name):
    assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert nn.init.calculate_gain("leaky_relu", 0.3) == pytest.approx(math.sqrt(2 / 1.09))
    with pytest.raises(ShapeError, match="no gain is known for 'swish'"):
        nn.init.calculate_gain("swish")


@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 3), (4, 6, 3, 5)])
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("xavier_uniform_", (1.5,)),
        ("xavier_normal_", (1.5,)),
        ("kaiming_uniform_", (0.2, "fan_out")),
        ("kaiming_normal_", (0, "fan_in", "relu")),
    ],
)
def test_variances_are_torchs(torch, shape, name, args):
    # many small weights: the standard deviation over all of them is sure to a percent
    ours = [getattr(nn.init, name)(engine.empty(shape), *args).std().item() for _ in range(150)]
    theirs = [getattr(torch.nn.init, name)(torch.empty(shape), *args).std().item() for _ in range(150)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.05)


@pytest.mark.parametrize(("mean", "std", "a", "b"), [(0, 1, -2, 2), (1, 0.5, 0.5, 3), (0, 1, -50, 50)])
def test_truncated_normals_stay_inside_and_have_the_right_moments(torch, mean, std, a, b):
    w = nn.init.trunc_normal_(engine.empty(100_000), mean, std, a, b)
    expected = torch.nn.init.trunc_normal_(torch.empty(100_000), mean, std, a, b)
    assert a <= w.min().item()
    assert w.max().item() <= b
    # no heap at the ends, where rounding could put one
    assert abs(w).max().item() < 6
    assert w.mean().item() == pytest.approx(expected.mean().item(), abs=0.02)
    assert w.std().item() == pytest.approx(expected.std().item(), rel=0.02)
    with pytest.raises(ShapeError, match="empty"):
        nn.init.trunc_normal_(w, a=1, b=0)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (3, 2, 4)])
def test_orthogonal_matrices_have_orthogonal_rows_or_columns(shape):
    w = nn.init.orthogonal_(engine.empty(shape), gain=2.0).reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product.numpy(), 4 * np.eye(len(product)), atol=1e-5)
    # signs aren't those of one convention of QR
    diagonals = [nn.init.orthogonal_(engine.empty(5, 5)).diagonal().sign() for _ in range(40)]
    assert {-1.0, 1.0} == set(engine.cat(diagonals).tolist())


def test_sparse_weights_have_as_many_zeros_in_each_column():
    w = nn.init.sparse_(engine.empty(20, 500), sparsity=0.33, std=0.5)
    zeros = (w == 0).sum(0)
    assert (zeros == 7).all()
    assert (w == 0).sum(1).float().std().item() > 1, "the places must be random"
    assert w[w != 0].std().item() == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize(
    ("shape", "groups"), [((4, 3, 3), 1), ((6, 2, 3, 4), 2), ((4, 4, 1, 2, 3), 1), ((6, 3, 5), 3)]
)
def test_fixed_patterns_are_torchs(torch, shape, groups):
    ours = nn.init.dirac_(engine.full(shape, 7.0), groups)
    theirs = torch.nn.init.dirac_(torch.empty(shape), groups)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    np.testing.assert_array_equal(nn.init.eye_(engine.empty(3, 5)).numpy(), np.eye(3, 5))
    assert (nn.init.constant_(engine.empty(2), 3.5) == 3.5).all()


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("uniform_", ()),
        ("normal_", ()),
        ("trunc_normal_", ()),
        ("xavier_uniform_", ()),
        ("xavier_normal_", ()),
        ("kaiming_uniform_", ()),
        ("kaiming_normal_", ()),
        ("orthogonal_", ()),
        ("sparse_", (0.5,)),
    ],
)
def test_a_generator_decides_alone_and_leaves_no_history(name, args):
    def drawn():
        weight = nn.Parameter(engine.empty(4, 6))
        filled = getattr(nn.init, name)(weight, *args, generator=engine.Generator().manual_seed(5))
        assert filled is weight
        assert weight.is_leaf
        return weight.detach()

    before = engine.get_rng_state()
    assert engine.equal(drawn(), drawn())
    assert engine.equal(engine.get_rng_state(), before)
    weight = engine.empty(4, 6, device="meta")
    assert getattr(nn.init, name)(weight, *args) is weight


def test_initialisers_refuse_shapes_that_they_have_no_meaning_for():
    vector = engine.empty(3)
    for fill in (nn.init.eye_, nn.init.orthogonal_, nn.init.dirac_, nn.init.kaiming_normal_):
        with pytest.raises(ShapeError):
            fill(vector)
    with pytest.raises(ShapeError, match="matrix"):
        nn.init.sparse_(vector, 0.5)
    with pytest.raises(ShapeError, match="don't divide"):
        nn.init.dirac_(engine.empty(4, 2, 3), groups=3)
