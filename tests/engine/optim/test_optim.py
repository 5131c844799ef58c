"""Optimizers and schedules against PyTorch's: numbers, state and its layout."""

from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, optim
from engine.errors import CheckpointError, EngineError

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01, "maximize": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "maximize": True}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.2}),
]
every_optimizer = pytest.mark.parametrize(("name", "options"), OPTIMIZERS, ids=lambda v: str(v))


def _mlp(lib):
    return lib.nn.Sequential(lib.nn.Linear(8, 16), lib.nn.ReLU(), lib.nn.Linear(16, 4))


def _train(lib, net, optimizer, batches):
    losses = []
    for x, y in batches:
        loss = lib.nn.functional.cross_entropy(net(lib.tensor(x)), lib.tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _batches(count, seed=0):
    rng = np.random.default_rng(seed)
    goal = rng.standard_normal((8, 4))
    for _ in range(count):
        x = rng.standard_normal((32, 8)).astype(np.float32)
        yield x, (x @ goal).argmax(1)


@every_optimizer
def test_a_hundred_steps_give_torchs_losses(torch, name, options):
    ours, theirs = _mlp(engine), _mlp(torch)
    ours.load_state_dict(theirs.state_dict())
    a = _train(engine, ours, getattr(optim, name)(ours.parameters(), **options), _batches(100))
    b = _train(torch, theirs, getattr(torch.optim, name)(theirs.parameters(), **options), _batches(100))
    if not options.get("maximize"):
        assert a[-1] < 0.8 * a[0]
    np.testing.assert_allclose(a, b, rtol=2e-4)


@every_optimizer
def test_state_has_torchs_layout_and_goes_both_ways(torch, name, options):
    ours, theirs = _mlp(engine), _mlp(torch)
    a, b = (getattr(o, name)(n.parameters(), **options) for o, n in ((optim, ours), (torch.optim, theirs)))
    _train(engine, ours, a, _batches(5))
    _train(torch, theirs, b, _batches(5))
    saved, other = a.state_dict(), b.state_dict()
    # PyTorch's SGD writes momentum_buffer: None where there is no momentum
    stateful = {k: {n: v for n, v in s.items() if v is not None} for k, s in other["state"].items()}
    assert {k: set(s) for k, s in saved["state"].items()} == {k: set(s) for k, s in stateful.items() if s}
    assert [g["params"] for g in saved["param_groups"]] == [g["params"] for g in other["param_groups"]]

    # each goes on from the other's state as the other itself goes on
    ours.load_state_dict(theirs.state_dict())
    a.load_state_dict(other)
    np.testing.assert_allclose(
        _train(engine, ours, a, _batches(20, seed=1)),
        _train(torch, theirs, b, _batches(20, seed=1)),
        rtol=2e-4,
    )
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    as_torchs = {
        "state": {
            k: {n: torch.tensor(v.numpy()) for n, v in s.items()} for k, s in a.state_dict()["state"].items()
        },
        "param_groups": a.state_dict()["param_groups"],
    }
    b.load_state_dict(as_torchs)
    np.testing.assert_allclose(
        _train(engine, ours, a, _batches(20, seed=2)),
        _train(torch, theirs, b, _batches(20, seed=2)),
        rtol=2e-4,
    )


@every_optimizer
def test_saved_and_restored_training_gives_the_same_bits(name, options, tmp_path):
    net = _mlp(engine)
    optimizer = getattr(optim, name)(net.parameters(), **options)
    _train(engine, net, optimizer, _batches(5))
    engine.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "state")
    undisturbed = _train(engine, net, optimizer, _batches(5, seed=1))

    state = engine.load(tmp_path / "state")
    net = _mlp(engine)
    net.load_state_dict(state["net"])
    optimizer = getattr(optim, name)(net.parameters(), lr=9.0)
    optimizer.load_state_dict(state["optimizer"])
    assert _train(engine, net, optimizer, _batches(5, seed=1)) == undisturbed


def test_groups_have_settings_of_their_own():
    a, b, c = (nn.Parameter(engine.ones(1)) for _ in range(3))
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": [c], "weight_decay": 1.0})
    (a + b + c).sum().backward()
    optimizer.step()
    np.testing.assert_allclose([p.item() for p in (a, b, c)], [0.9, 0.5, 0.8], rtol=1e-6)


def test_a_changed_rate_counts_from_the_next_step():
    p = nn.Parameter(engine.zeros(1))
    optimizer = optim.SGD([p], lr=1.0)
    p.grad = engine.ones(1)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.25
    optimizer.step()
    assert p.item() == -1.25


def test_parameters_without_gradient_are_left_alone():
    a, b = (nn.Parameter(engine.ones(1)) for _ in range(2))
    optimizer = optim.Adam([a, b])
    a.sum().backward()
    optimizer.step()
    assert b.item() == 1
    assert list(optimizer.state) == [a]


def test_a_step_is_noticed_by_graphs_that_kept_the_parameter():
    w = nn.Parameter(engine.ones(2))
    x = engine.ones(2, requires_grad=True)
    y = (x * w).sum()
    w.grad = engine.ones(2)
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(EngineError, match="changed in place"):
        y.backward()


def test_gradients_are_not_changed_by_a_step():
    for name, options in OPTIMIZERS:
        p = nn.Parameter(engine.ones(3))
        p.grad = engine.ones(3)
        optimizer = getattr(optim, name)([p], **options)
        optimizer.step()
        optimizer.step()
        assert p.grad.tolist() == [1, 1, 1]


def test_a_closure_is_evaluated_with_gradients():
    p = nn.Parameter(engine.ones(1))
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with engine.no_grad():
        assert optimizer.step(closure).item() == 1
    assert p.item() == pytest.approx(0.8)


def test_zero_grad_forgets_or_clears():
    p = nn.Parameter(engine.ones(1))
    optimizer = optim.SGD([p], lr=0.1)
    p.sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0]
    optimizer.zero_grad()
    assert p.grad is None


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda p: optim.SGD([], lr=0.1), "at least one parameter"),
        (lambda p: optim.SGD([p], lr=-1), "lr must be at least 0, not -1"),
        (lambda p: optim.SGD([p], lr=float("nan")), "lr must be at least 0, not nan"),
        (lambda p: optim.SGD([p], nesterov=True), "nesterov needs a momentum"),
        (lambda p: optim.Adam([p], betas=(1.0, 0.9)), r"betas must be in \[0, 1\)"),
        (lambda p: optim.SGD([p, p]), "in two groups, or twice"),
        (lambda p: optim.SGD([p * 2]), "give it leaves"),
        (lambda p: optim.SGD(["p"]), "takes tensors, not str"),
    ],
)
def test_senseless_settings_are_refused(make, complaint):
    with pytest.raises(EngineError, match=complaint):
        make(nn.Parameter(engine.ones(1)))


def test_state_of_another_network_is_refused():
    small, large = (nn.Linear(n, n) for n in (2, 3))
    optimizer = optim.Adam(small.parameters())
    small(engine.ones(1, 2)).sum().backward()
    optimizer.step()
    with pytest.raises(CheckpointError, match=r"has shape \(2, 2\), and its parameter \(3, 3\)"):
        optim.Adam(large.parameters()).load_state_dict(optimizer.state_dict())
    with pytest.raises(CheckpointError, match=r"groups of \[2\] parameters, and this one of \[1\]"):
        optim.Adam([large.weight]).load_state_dict(optimizer.state_dict())
