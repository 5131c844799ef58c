"""Dropout layers: what they drop, how often, and when."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import ShapeError

SHAPES = {
    "Dropout": (40, 50, 5),
    "Dropout1d": (40, 50, 5),
    "Dropout2d": (40, 50, 2, 3),
    "Dropout3d": (40, 50, 2, 1, 3),
    "AlphaDropout": (40, 50, 5),
    "FeatureAlphaDropout": (40, 50, 5),
}
WHOLE = ["Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


@pytest.fixture(autouse=True)
def _seeded():
    engine.manual_seed(3)


@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d"])
def test_what_is_kept_is_scaled_and_as_many_are_dropped_as_asked(name):
    out = getattr(nn, name)(0.3)(engine.ones(SHAPES[name])).numpy()
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.7)}
    # 2000 channels or more: three standard deviations are 0.031
    assert (out == 0).mean() == pytest.approx(0.3, abs=0.031)


@pytest.mark.parametrize("name", WHOLE)
def test_channels_are_dropped_whole(name):
    out = getattr(nn, name)(0.5)(engine.ones(SHAPES[name])).numpy().reshape(40, 50, -1)
    assert (out == out[:, :, :1]).all()
    assert 0.4 < (out[:, :, 0] == out.min()).mean() < 0.6


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_alpha_dropout_keeps_mean_and_variance(name):
    x = engine.randn(200, 500, 2)
    out = getattr(nn, name)(0.4)(x)
    assert out.mean().item() == pytest.approx(0, abs=0.02)
    assert out.var().item() == pytest.approx(1, abs=0.03)
    # a share of 0.4 sits where selu tends, scaled and moved with the rest
    values, counts = np.unique(out.numpy(), return_counts=True)
    assert counts.max() / out.numel() == pytest.approx(0.4, abs=0.01)
    scale = ((1.7580993408473766**2 * 0.4 + 1) * 0.6) ** -0.5
    assert values[counts.argmax()] == pytest.approx(scale * 1.7580993408473766 * (0.4 - 1), rel=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_dropped_in_evaluation_or_with_probability_zero(name):
    x = engine.randn(SHAPES[name])
    assert getattr(nn, name)(0.5).eval()(x) is x
    assert getattr(nn, name)(0.0)(x) is x
    assert not getattr(nn, name)(1.0)(x).any()


@pytest.mark.parametrize("name", SHAPES)
def test_in_place_the_input_is_overwritten_and_the_gradient_has_the_same_mask(name):
    leaf = engine.ones(SHAPES[name], requires_grad=True)
    x = leaf * 1
    out = getattr(nn, name)(0.5, inplace=True)(x)
    assert out is x
    out.sum().backward()
    if "Alpha" in name:
        kept = out.detach() != out.detach().min()
        assert (leaf.grad[kept] > 0).all()
        assert not leaf.grad[~kept].any()
    else:
        assert engine.equal(leaf.grad, out.detach())


def test_masks_differ_from_call_to_call_and_follow_the_seed():
    layer, x = nn.Dropout(0.5), engine.ones(100)
    first, second = layer(x), layer(x)
    assert not engine.equal(first, second)
    engine.manual_seed(3)
    assert engine.equal(layer(x), first)
    generator = engine.Generator().manual_seed(3)
    assert engine.equal(nn.functional.dropout(x, generator=generator), first)


def test_inputs_without_a_batch_and_with_wrong_axes():
    for name, shape in (("Dropout1d", (50, 4)), ("Dropout3d", (50, 2, 2, 2))):
        out = getattr(nn, name)(0.5)(engine.ones(shape)).numpy().reshape(50, -1)
        assert (out == out[:, :1]).all()
        assert 0 < (out == 0).mean() < 1
    # three axes are [N, C, L] here, as in PyTorch
    out = nn.Dropout2d(0.5)(engine.ones(10, 20, 6)).numpy()
    assert (out == out[:, :, :1]).all()
    assert len(np.unique(out[0, :, 0])) == 2
    for name in ("Dropout1d", "Dropout2d", "Dropout3d"):
        with pytest.raises(ShapeError, match="needs an input of"):
            getattr(nn, name)()(engine.ones(3))
    for name in SHAPES:
        with pytest.raises(ShapeError, match="probability"):
            getattr(nn, name)(1.5)
