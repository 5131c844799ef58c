"""Distributions beside PyTorch's: probabilities, entropies, divergences, gradients; draws by moments."""

from typing import cast

import numpy as np
import pytest

import engine
from engine import distributions as ours
from engine.distributions.categorical import Categorical
from engine.distributions.normal import Normal
from engine.errors import EngineError

A = np.random.default_rng(1).uniform(0.1, 0.9, (3, 4))
B = np.random.default_rng(2).uniform(0.1, 0.9, (3, 4))
EXTREME = np.array([[0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
# by name: the class, its parameters, and values to ask about
CASES = {
    "normal": ("Normal", {"loc": A, "scale": B}, B * 3),
    "uniform": ("Uniform", {"low": -A, "high": B}, B - 0.09),
    "bernoulli": ("Bernoulli", {"probs": A}, (B > 0.5) * 1.0),
    "bernoulli of logits": ("Bernoulli", {"logits": 4 * A - 2}, (B > 0.5) * 1.0),
    "bernoulli of zero logits": ("Bernoulli", {"logits": 0 * A}, (B > 0.5) * 1.0),
    "certain bernoulli": ("Bernoulli", {"probs": EXTREME}, EXTREME.round()),
    "categorical": ("Categorical", {"probs": 3 * A}, np.array([0, 3, 2])),
    "categorical of logits": ("Categorical", {"logits": A}, np.array([[0, 3, 2], [1, 1, 1]])),
    "certain categorical": ("Categorical", {"probs": EXTREME}, np.array([1, 2])),
}


def made(t, kind, parameters, **options):
    given = {key: t.tensor(value, requires_grad=True) for key, value in parameters.items()}
    return getattr(t.distributions, kind)(**given, **options), list(given.values())


def answers(t, kind, parameters, value):
    distribution, leaves = made(t, kind, parameters)
    found = [distribution.log_prob(t.tensor(value)), distribution.entropy()]
    sum(x.clamp(min=-50).sum() for x in found).backward()
    found += [distribution.mean, distribution.variance, distribution.stddev]
    if kind in ("Normal", "Uniform"):
        found += [distribution.cdf(t.tensor(value)), distribution.icdf(t.tensor(np.abs(value) % 1))]
    if kind != "Uniform":
        found.append(distribution.mode)
    return [x.detach().numpy() for x in found] + [leaf.grad.numpy() for leaf in leaves]


@pytest.mark.parametrize("name", CASES)
def test_probabilities_entropies_and_gradients_are_torchs(torch, name):
    for a, b in zip(answers(engine, *CASES[name]), answers(torch, *CASES[name]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


PAIRS = {
    "normal": ("Normal", {"loc": A, "scale": B}, {"loc": B, "scale": A}),
    "bernoulli": ("Bernoulli", {"probs": A}, {"probs": B}),
    "certain bernoulli": ("Bernoulli", {"probs": EXTREME}, {"probs": EXTREME[::-1].copy()}),
    "categorical": ("Categorical", {"probs": A}, {"logits": B}),
    "certain categorical": ("Categorical", {"probs": EXTREME}, {"probs": EXTREME[::-1].copy()}),
    "uniform": ("Uniform", {"low": A, "high": A + 1}, {"low": B - 0.3, "high": B + 1.3}),
}


@pytest.mark.parametrize("name", PAIRS)
def test_divergences_are_torchs(torch, name):
    kind, p, q = PAIRS[name]
    found = []
    for t in (engine, torch):
        (left, _), (right, _) = made(t, kind, p), made(t, kind, q)
        found.append(t.distributions.kl_divergence(left, right).detach().numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-10, atol=1e-12)


def test_independent_axes_add_up(torch):
    found = []
    for t in (engine, torch):
        p, _ = made(t, "Normal", {"loc": A, "scale": B})
        q, _ = made(t, "Normal", {"loc": B, "scale": A})
        both, other = t.distributions.Independent(p, 1), t.distributions.Independent(q, 1)
        assert (tuple(both.batch_shape), tuple(both.event_shape)) == ((3,), (4,))
        kl = t.distributions.kl_divergence(both, other)
        found.append([x.detach().numpy() for x in (both.log_prob(t.tensor(B)), both.entropy(), kl)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


@pytest.mark.parametrize("name", [name for name in CASES if "categorical" not in name])
def test_draws_have_the_mean_and_the_deviation(name):
    engine.manual_seed(5)
    distribution, _ = made(engine, *CASES[name][:2])
    drawn = distribution.sample((20_000,))
    assert (drawn.shape, drawn.requires_grad) == ((20_000, *distribution.batch_shape), False)
    assert drawn.mean(0).allclose(distribution.mean, atol=0.03)
    assert drawn.std(0).allclose(distribution.stddev, atol=0.03)


def test_categories_are_drawn_as_often_as_they_are_probable():
    engine.manual_seed(5)
    probs = engine.tensor(A).softmax(-1)
    drawn = Categorical(probs).sample((2, 10_000))
    assert (drawn.shape, drawn.dtype) == ((2, 10_000, 3), engine.int64)
    often = engine.nn.functional.one_hot(drawn, 4).double().mean((0, 1))
    assert often.allclose(probs, atol=0.02)
    assert Categorical(probs[0]).sample().shape == ()


def test_gradients_reach_the_parameters_through_rsample():
    scale = engine.tensor([1.0, 2.0], requires_grad=True)
    x = Normal(0.0, scale).rsample((3,))
    x.sum().backward()
    assert scale.grad is not None
    assert scale.grad.allclose((x / scale).detach().sum(0))


@pytest.mark.parametrize("kind", [ours.Categorical, ours.Bernoulli])
def test_a_draw_leaves_the_gradients_alone(kind):
    grads = []
    for draw in (False, True):
        logits = engine.tensor(A, requires_grad=True)
        distribution = kind(logits=logits)
        if draw:
            distribution.sample()
        distribution.entropy().sum().backward()
        grads.append(logits.grad)
    assert engine.equal(*grads)


def test_plain_numbers_will_do_and_texts_say_the_parameters():
    assert repr(Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
    assert Normal(0.0, 1.0).sample((2,)).shape == (2,)
    assert "logits" in repr(Categorical(logits=engine.zeros(3)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(0.0, -1.0), r"scale must be greater than 0.*-1\.0"),
        (lambda: Normal(float("nan"), 1.0), "loc must be a number"),
        (lambda: ours.Uniform(1.0, 0.0), "high must be greater than low"),
        (lambda: ours.Bernoulli(engine.tensor([0.5, 1.5])), r"probs must be between 0 and 1.*1\.5"),
        (lambda: ours.Bernoulli(), "either probs or logits"),
        (lambda: Categorical(engine.tensor([[-1.0, 2.0]])), r"probs must be at least 0.*-1\.0"),
        (lambda: Categorical(engine.tensor(1.0)), "along their last axis"),
        (lambda: Categorical(engine.ones(3)).log_prob(engine.tensor(3)), r"in \[0, 3\)"),
        (lambda: Normal(0.0, 1.0).log_prob(cast("engine.Tensor", 0.5)), "must be a tensor"),
        (lambda: ours.kl_divergence(Normal(0.0, 1.0), ours.Uniform(0.0, 1.0)), "no formula"),
        (lambda: ours.Independent(Normal(0.0, 1.0), 1), "1 axes can't be taken"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(EngineError, match=message):
        make()


def test_checks_can_be_left_out():
    assert Normal(0.0, -1.0, validate_args=False).scale.item() == -1
