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
    ("NAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.05}),
    ("Adamax", {"lr": 0.02}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.1}),
    ("Adadelta", {"lr": 5.0}),
    ("RMSprop", {"lr": 0.005, "centered": True, "momentum": 0.5}),
    ("RMSprop", {"lr": 0.005}),
    ("ASGD", {"lr": 0.2, "t0": 50, "lambd": 0.01}),
    ("Rprop", {"lr": 0.001, "step_sizes": (1e-6, 0.01)}),
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
def test_a_parameter_that_became_another_one_does_not_fit_its_state(name, options):
    p = nn.Parameter(engine.ones(3))
    optimizer = getattr(optim, name)([p], **options)
    p.sum().backward()
    optimizer.step()
    p.data = engine.ones(400_000)
    if name != "SGD" or "momentum" in options:
        p.grad = engine.ones(400_000)  # that of SGD stays the old one
    with pytest.raises(EngineError, match=r"shapes .*400000"):
        optimizer.step()


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


OPTIM: Any = optim  # for what mypy wouldn't let pass


def test_lion_steps_by_the_sign_and_learns():
    p = nn.Parameter(engine.tensor([1.0, -2.0]))
    optimizer = optim.Lion([p], lr=0.1, betas=(0.9, 0.99), weight_decay=0.5)
    p.grad = engine.tensor([3.0, -0.01])
    optimizer.step()
    np.testing.assert_allclose(p.detach(), [0.95 - 0.1, -1.9 + 0.1], rtol=1e-6)
    np.testing.assert_allclose(optimizer.state[p]["exp_avg"], [0.03, -0.0001], rtol=1e-5)
    net = _mlp(engine)
    losses = _train(engine, net, optim.Lion(net.parameters(), lr=1e-2), _batches(60))
    assert losses[-1] < 0.6 * losses[0]


def test_hooks_see_every_step_and_may_change_the_closure():
    p = nn.Parameter(engine.ones(1))
    optimizer = optim.SGD([p], lr=0.25)
    seen = []

    def before(optimizer, args, kwargs):
        seen.append(("before", p.item()))
        return (optimizer, lambda: "changed"), kwargs

    def after(optimizer, args, kwargs):
        seen.append(("after", p.item()))

    handles = optimizer.register_step_pre_hook(before), optimizer.register_step_post_hook(after)
    p.grad = engine.ones(1)
    assert optimizer.step() == "changed"
    assert optimizer.step(lambda: "given") == "changed"
    assert seen == [("before", 1.0), ("after", 0.75), ("before", 0.75), ("after", 0.5)]
    for handle in handles:
        handle.remove()
    assert optimizer.step() is None
    assert len(seen) == 4


def test_names_of_parameters_are_kept_with_their_group(torch):
    found = []
    for lib in (engine, torch):
        net = _mlp(lib)
        optimizer = lib.optim.Adam(net.named_parameters(), lr=0.1)
        found.append(optimizer.state_dict()["param_groups"][0])
    assert found[0] == found[1]
    assert found[0]["param_names"] == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_lbfgs_goes_on_from_its_saved_state(tmp_path):
    def made():
        p = nn.Parameter(engine.tensor([3.0, -1.0], dtype=engine.float64))
        return p, optim.LBFGS([p], lr=0.5, max_iter=3, line_search_fn="strong_wolfe")

    def closure(p, optimizer):
        def evaluate():
            optimizer.zero_grad()
            loss = (1 - p[0]) ** 2 + 10 * (p[1] - p[0] ** 2) ** 2
            loss.backward()
            return loss

        return evaluate

    p, optimizer = made()
    for _ in range(3):
        optimizer.step(closure(p, optimizer))
    engine.save({"p": p.detach(), "optimizer": optimizer.state_dict()}, tmp_path / "state")
    undisturbed = [optimizer.step(closure(p, optimizer)).item() for _ in range(8)]

    saved = engine.load(tmp_path / "state")
    p, optimizer = made()
    p.data = saved["p"]
    optimizer.load_state_dict(saved["optimizer"])
    assert [optimizer.step(closure(p, optimizer)).item() for _ in range(8)] == undisturbed
    assert undisturbed[-1] < 0.1 * undisturbed[0]


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
        (lambda p: optim.SGD(p), "put the tensor into a list"),
        (lambda p: optim.SGD({p}), "a set has no order"),
        (
            lambda p: optim.SGD([("p", p), nn.Parameter(engine.ones(1))]),
            "1 of 2 parameters of a group have names",
        ),
        (lambda p: optim.SGD([p], lr=engine.ones(2)), "lr must be one number"),
        (lambda p: optim.SGD([p], differentiable=True), "differentiable must be False"),
        (lambda p: optim.Adadelta([p], rho=1.1), r"rho must be in \[0, 1\], not 1.1"),
        (lambda p: optim.Rprop([p], etas=(1.5, 2.0)), r"etas must be in \(0, 1\) and above 1"),
        (lambda p: optim.Adagrad([p], lr_decay=-1), "lr_decay must be at least 0"),
        (lambda p: OPTIM.LBFGS([p], line_search_fn="armijo"), "line_search_fn must be"),
        (lambda p: optim.LBFGS([p]).step(), "give step\\(\\) a closure"),
        (lambda p: optim.LBFGS([{"params": p}, {"params": engine.ones(1)}]), "all parameters in one group"),
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
