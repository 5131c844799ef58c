"""Scaling losses: the same course as PyTorch's scaler, steps left out, and what is refused."""

import math

import pytest

import engine
from engine import nn, optim
from engine.amp import GradScaler
from engine.errors import EngineError


def course(lib, bad_steps, unscale_too):
    """Weights and scales over ten steps, of which some have an infinite gradient."""
    weight = lib.tensor([1.0, 2.0], requires_grad=True)
    optimizer = lib.optim.SGD([weight], lr=0.1)
    scaler = lib.amp.GradScaler("cpu", init_scale=8.0, growth_interval=3)
    seen = []
    for step in range(10):
        optimizer.zero_grad()
        loss = (weight * weight).sum() * (math.inf if step in bad_steps else 1.0)
        scaler.scale(loss).backward()
        if unscale_too:
            scaler.unscale_(optimizer)
            lib.nn.utils.clip_grad_norm_([weight], 1.0)
        scaler.step(optimizer)
        scaler.update()
        seen.append((weight.tolist(), scaler.get_scale()))
    return seen, scaler.state_dict()


@pytest.mark.parametrize("unscale_too", [False, True])
@pytest.mark.parametrize("bad_steps", [(), (0, 1, 5)])
def test_weights_and_scales_are_those_of_torch(torch, bad_steps, unscale_too):
    ours, theirs = (course(lib, bad_steps, unscale_too) for lib in (engine, torch))
    for (weight, scale), (other, expected) in zip(ours[0], theirs[0], strict=True):
        assert weight == pytest.approx(other, rel=1e-6)
        assert scale == expected
    assert ours[1] == theirs[1]


def test_a_step_with_inf_or_nan_changes_nothing():
    for bad in (math.inf, math.nan):
        net = nn.Linear(2, 1)
        optimizer = optim.Adam(net.parameters())
        before = net.weight.tolist()
        scaler = GradScaler(init_scale=4.0)
        scaler.scale(net(engine.ones(1, 2)).sum() * bad).backward()
        assert scaler.step(optimizer) is None
        scaler.update()
        assert net.weight.tolist() == before
        assert not optimizer.state_dict()["state"]
        assert scaler.get_scale() == 2


def test_each_optimizer_is_judged_by_its_own_gradients():
    good, bad = (engine.ones(1, requires_grad=True) for _ in range(2))
    optimizers = [optim.SGD([p], lr=1.0) for p in (good, bad)]
    scaler = GradScaler(init_scale=2.0)
    scaled = scaler.scale([good.sum(), (bad * math.inf).sum()])
    for loss in scaled:
        loss.backward()
    for optimizer in optimizers:
        scaler.step(optimizer)
    scaler.update()
    assert (good.item(), bad.item(), scaler.get_scale()) == (0, 1, 1)


def test_small_gradients_survive_half_precision():
    weight = engine.ones(1, requires_grad=True)
    for scaler, expected in ((GradScaler(enabled=False), 0.0), (GradScaler(init_scale=2.0**16), 1e-8)):
        weight.grad = None
        scaler.scale((weight.half() * 1e-4).float().sum() * 1e-4).backward()
        optimizer = optim.SGD([weight], lr=0.0)
        scaler.unscale_(optimizer)
        assert weight.grad.item() == pytest.approx(expected, rel=1e-2)


def test_a_state_goes_on_where_it_was_saved():
    scaler = GradScaler(init_scale=32.0, growth_interval=7)
    again = GradScaler()
    again.load_state_dict(scaler.state_dict())
    assert again.state_dict() == scaler.state_dict()
    assert GradScaler(enabled=False).state_dict() == {}
    with pytest.raises(EngineError, match="holds no scale"):
        again.load_state_dict({})


def test_disabled_it_only_steps():
    weight = engine.ones(1, requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0)
    scaler = GradScaler(enabled=False)
    scaler.scale(weight.sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert (weight.item(), scaler.get_scale(), scaler.is_enabled()) == (0, 1, False)


def test_calls_out_of_order_are_refused():
    weight = engine.ones(1, requires_grad=True)
    optimizer = optim.SGD([weight], lr=1.0)
    scaler = GradScaler()
    with pytest.raises(EngineError, match="needs a step"):
        scaler.update()
    scaler.scale(weight.sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(EngineError, match="since the last update"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(EngineError, match="has been called"):
        scaler.step(optimizer)
    with pytest.raises(EngineError, match="comes before step"):
        scaler.unscale_(optimizer)
    with pytest.raises(EngineError, match="closure"):
        scaler.step(optimizer, closure=lambda: 0)
    with pytest.raises(EngineError, match="growth_factor must be greater than 1"):
        GradScaler(growth_factor=1.0)
    with pytest.raises(EngineError, match="backoff_factor must lie between"):
        GradScaler(backoff_factor=1.5)
