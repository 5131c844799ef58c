"""Normalisation layers against PyTorch's: outputs, gradients, running statistics, keys."""

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import DTypeError, ShapeError
from tests.engine.nn.pairs import close, compare, same_state

RNG = np.random.default_rng(3)
LAYERS: dict[str, list[Any]] = {
    "BatchNorm1d": [((3,), (6, 3)), ((3,), (4, 3, 5))],
    "BatchNorm2d": [((3,), (4, 3, 2, 5))],
    "BatchNorm3d": [((3,), (2, 3, 2, 3, 2))],
    "InstanceNorm1d": [((3,), (4, 3, 5)), ((3,), (3, 5))],
    "InstanceNorm2d": [((3,), (2, 3, 4, 5)), ((3,), (3, 4, 5))],
    "InstanceNorm3d": [((3,), (2, 3, 2, 3, 2))],
    "LayerNorm": [((5,), (4, 5)), (((3, 5),), (2, 3, 5))],
    "RMSNorm": [((5,), (4, 5)), (((3, 5),), (2, 3, 5))],
    "GroupNorm": [((2, 6), (3, 6, 4)), ((3, 6), (2, 6, 2, 3))],
    "LocalResponseNorm": [((3,), (2, 6, 4)), ((2,), (2, 5, 3, 4)), ((15,), (2, 5, 3))],
}
EVERY = [(name, args, shape) for name, cases in LAYERS.items() for args, shape in cases]


def _drawn(shape, seed=0):
    return (np.random.default_rng(seed).standard_normal(shape) * 2 + 1).astype(np.float32)


def _pair(torch, name, args, **options):
    ours, theirs = (getattr(lib.nn, name)(*args, **options) for lib in (engine, torch))
    same_state(ours, theirs)
    with torch.no_grad(), engine.no_grad():
        for key, p in theirs.named_parameters():
            p.copy_(torch.tensor(RNG.standard_normal(tuple(p.shape)).astype(np.float32)))
            ours.get_parameter(key).copy_(engine.tensor(p.detach().numpy()))
    return ours, theirs


@pytest.mark.parametrize(("name", "args", "shape"), EVERY)
def test_layers_agree_with_torch_in_training_and_evaluation(torch, name, args, shape):
    ours, theirs = _pair(torch, name, args)
    for step in range(3):
        ours.zero_grad()
        theirs.zero_grad()
        compare(torch, ours, theirs, _drawn(shape, step))
        same_state(ours, theirs)
    ours.zero_grad()
    theirs.zero_grad()
    compare(torch, ours.eval(), theirs.eval(), _drawn(shape, 9))
    same_state(ours, theirs)


@pytest.mark.parametrize(
    ("name", "args", "shape", "options"),
    [
        ("BatchNorm2d", (3,), (4, 3, 2, 5), {"momentum": None}),
        ("BatchNorm2d", (3,), (4, 3, 2, 5), {"affine": False, "momentum": 0.3}),
        ("BatchNorm1d", (3,), (6, 3), {"track_running_stats": False, "eps": 0.1}),
        ("BatchNorm1d", (3,), (6, 3), {"bias": False}),
        ("InstanceNorm2d", (3,), (4, 3, 2, 5), {"track_running_stats": True, "affine": True}),
        ("InstanceNorm1d", (3,), (3, 5), {"track_running_stats": True}),
        ("LayerNorm", (5,), (4, 5), {"bias": False}),
        ("LayerNorm", (5,), (4, 5), {"elementwise_affine": False}),
        ("RMSNorm", (5,), (4, 5), {"elementwise_affine": False, "eps": 0.1}),
        ("GroupNorm", (2, 6), (3, 6, 4), {"affine": False}),
    ],
)
def test_options_mean_what_they_mean_in_torch(torch, name, args, shape, options):
    test_layers = _pair(torch, name, args, **options)
    ours, theirs = test_layers
    for step in range(3):
        ours.zero_grad()
        theirs.zero_grad()
        compare(torch, ours, theirs, _drawn(shape, step))
    same_state(ours, theirs)
    compare(torch, ours.eval(), theirs.eval(), _drawn(shape, 9), gradients=False)


def test_batch_norm_keeps_what_large_means_would_cancel(torch):
    x = (np.random.default_rng(1).standard_normal((64, 4)) + 1e4).astype(np.float32)
    out = nn.BatchNorm1d(4, affine=False)(engine.tensor(x)).numpy()
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(0)) / np.sqrt(exact.var(0) + 1e-5)
    np.testing.assert_allclose(out, exact, atol=5e-3)


def test_running_statistics_have_no_history(torch):
    layer = nn.BatchNorm1d(3)
    layer(engine.tensor(_drawn((6, 3)), requires_grad=True)).sum().backward()
    state = layer.state_dict(keep_vars=True)
    assert not state["running_mean"].requires_grad
    assert state["num_batches_tracked"].item() == 1
    assert state["num_batches_tracked"].dtype is engine.int64
    layer.reset_running_stats()
    assert not state["running_mean"].any()
    assert state["num_batches_tracked"].item() == 0


def test_an_empty_batch_gives_nothing():
    layer = nn.BatchNorm2d(3)
    assert layer(engine.zeros(0, 3, 2, 2)).shape == (0, 3, 2, 2)
    assert nn.LayerNorm(4)(engine.zeros(0, 4)).shape == (0, 4)


def test_norms_refuse_what_does_not_fit():
    with pytest.raises(ShapeError, match="more than one value per channel"):
        nn.BatchNorm1d(3)(engine.zeros(1, 3))
    with pytest.raises(ShapeError, match=r"BatchNorm2d\(3\) needs an input of 4 axes with 3 channels"):
        nn.BatchNorm2d(3)(engine.zeros(2, 4, 5, 5))
    with pytest.raises(ShapeError, match="4 axes"):
        nn.BatchNorm2d(3)(engine.zeros(2, 3))
    with pytest.raises(ShapeError, match="more than one value per sample"):
        nn.InstanceNorm1d(3)(engine.zeros(2, 3, 1))
    with pytest.raises(ShapeError, match="don't divide 5 channels"):
        nn.GroupNorm(2, 5)
    with pytest.raises(ShapeError, match="needs an input of"):
        nn.LayerNorm(4)(engine.zeros(2, 5))
    with pytest.raises(ShapeError, match="weight has shape"):
        nn.functional.layer_norm(engine.zeros(2, 5), (5,), engine.ones(4))
    with pytest.raises(DTypeError, match=r"weight is engine.float64 and the input engine.float32"):
        nn.functional.layer_norm(engine.zeros(2, 5), (5,), engine.ones(5, dtype=engine.float64))
    with pytest.raises(ShapeError, match="running_mean and running_var are needed"):
        nn.functional.batch_norm(engine.zeros(2, 5), None, None)
    with pytest.raises(ShapeError, match="or neither"):
        nn.functional.batch_norm(engine.randn(2, 5), engine.zeros(5), None, training=True)
    with pytest.raises(ShapeError, match="can't follow 5 channels"):
        nn.functional.batch_norm(engine.randn(2, 5), engine.zeros(4), engine.ones(4), training=True)


def test_functions_outside_nn_agree_with_torch(torch):
    x, w, b = _drawn((4, 6, 3)), _drawn(6, 1), _drawn(6, 2)
    for name, args in (
        ("native_layer_norm", ((6, 3), None, None, 1e-5)),
        ("group_norm", (2,)),
        ("layer_norm", ((3,),)),
        ("rms_norm", ((6, 3),)),
    ):
        ours, theirs = (getattr(lib, name)(lib.tensor(x), *args) for lib in (engine, torch))
        for mine, other in zip(
            ours if isinstance(ours, tuple) else [ours],
            theirs if isinstance(theirs, tuple) else [theirs],
            strict=True,
        ):
            close(mine, other, 1e-5, name)
    for training in (True, False):
        found = []
        for lib in (engine, torch):
            given = [lib.tensor(t) for t in (x, w, b)]
            running = lib.zeros(6), lib.ones(6)
            found.append(lib.instance_norm(*given, *running, training, 0.2, 1e-5, False))
            found.append(lib.batch_norm(*given, *running, training, 0.2, 1e-5, False))
        close(found[0], found[2], 1e-5, "instance_norm")
        close(found[1], found[3], 1e-5, "batch_norm")


def test_no_samples_are_normalized_to_none(torch):
    for lib in (engine, torch):
        assert tuple(lib.nn.InstanceNorm2d(4)(lib.zeros(0, 4, 3, 2)).shape) == (0, 4, 3, 2)
