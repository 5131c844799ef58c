"""Averages of weights, beside PyTorch's."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import EngineError
from engine.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def _net(lib):
    layers = [lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.ReLU(), lib.nn.Linear(4, 2)]
    return lib.nn.Sequential(*layers)


def _values(net):
    return {k: v.detach().numpy().copy() for k, v in net.state_dict().items()}


def _averaged(lib, start, how, steps=6):
    """The state of the average after a few steps of training."""
    net = _net(lib)
    net.load_state_dict({k: lib.tensor(v) for k, v in start.items()})
    average = how(lib.optim.swa_utils, net)
    optimizer = lib.optim.SGD(net.parameters(), lr=0.1)
    rng = np.random.default_rng(3)
    for _ in range(steps):
        net(lib.tensor(rng.standard_normal((5, 3)).astype(np.float32))).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update_parameters(net)
    batches = [(lib.tensor(rng.standard_normal((n, 3)).astype(np.float32)), lib.zeros(n)) for n in (5, 5, 3)]
    state = _values(average)
    lib.optim.swa_utils.update_bn(batches, average)
    return state, _values(average)


HOW = {
    "swa": lambda utils, net: utils.AveragedModel(net),
    "ema": lambda utils, net: utils.AveragedModel(net, multi_avg_fn=utils.get_ema_multi_avg_fn(0.8)),
    "ema one by one": lambda utils, net: utils.AveragedModel(net, avg_fn=utils.get_ema_avg_fn(0.8)),
    "swa one by one": lambda utils, net: utils.AveragedModel(net, avg_fn=utils.get_swa_avg_fn()),
    "ema with buffers": lambda utils, net: utils.AveragedModel(
        net, multi_avg_fn=utils.get_ema_multi_avg_fn(0.8), use_buffers=True
    ),
}


@pytest.mark.parametrize("how", HOW)
def test_averages_and_measured_statistics_are_torchs(torch, how):
    start = _values(_net(engine))
    ours, theirs = (_averaged(lib, start, HOW[how]) for lib in (engine, torch))
    for a, b in zip(ours, theirs, strict=True):
        assert a.keys() == b.keys()
        for key in b:
            np.testing.assert_allclose(a[key], b[key], rtol=2e-5, atol=1e-6, err_msg=key)


def test_the_average_is_a_model_of_its_own():
    net = nn.Linear(2, 1)
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    average.update_parameters(net)
    before = average(engine.ones(1, 2)).item()
    with engine.no_grad():
        net.weight.fill_(100.0)
    assert average(engine.ones(1, 2)).item() == before
    assert average.n_averaged.item() == 1


def test_measuring_statistics_leaves_the_rest_alone():
    net = _net(engine).eval()
    momentum = net[1].momentum
    engine.optim.swa_utils.update_bn([engine.ones(2, 3), engine.ones(2, 3)], net)
    assert not net.training
    assert net[1].momentum == momentum
    assert net[1].num_batches_tracked.item() == 2
    assert all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 10])
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")  # PyTorch's, of its own twin
def test_rates_of_swalr_are_torchs(torch, strategy, epochs):
    found = []
    for lib in (engine, torch):
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=0.4)
        schedule = lib.optim.swa_utils.SWALR(optimizer, 0.05, epochs, strategy)
        rates = []
        for _ in range(15):
            rates.append(schedule.get_last_lr()[0])
            schedule.step()
        found.append(rates)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def test_senseless_settings_are_refused():
    net = nn.Linear(1, 1)
    ema = get_ema_multi_avg_fn()
    with pytest.raises(EngineError, match=r"decay must be in \[0, 1\], not 2"):
        get_ema_multi_avg_fn(2)
    with pytest.raises(EngineError, match="not both"):
        AveragedModel(net, avg_fn=engine.optim.swa_utils.get_ema_avg_fn(), multi_avg_fn=ema)
