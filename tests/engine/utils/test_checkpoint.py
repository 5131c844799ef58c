"""Recomputed parts give the same gradients, with the same random numbers, for less memory."""

import contextlib
import gc
import weakref

import pytest

import engine
from engine import nn
from engine.errors import EngineError
from engine.utils.checkpoint import checkpoint, checkpoint_sequential


@pytest.fixture
def network():
    engine.manual_seed(1)
    layers = [nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1)]
    return nn.Sequential(*layers)


def gradients(network, run):
    network.zero_grad()
    engine.manual_seed(7)
    run(engine.ones(5, 4)).sum().backward()
    return [p.grad.tolist() for p in network.parameters()], engine.get_rng_state().tolist()


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpointed_network_has_the_gradients_of_the_plain_one(network, use_reentrant):
    plain = gradients(network, network)
    assert gradients(network, lambda x: checkpoint(network, x, use_reentrant=use_reentrant)) == plain
    in_parts = gradients(network, lambda x: checkpoint_sequential(network, 3, x, use_reentrant=use_reentrant))
    assert in_parts == plain


def test_what_lies_between_is_not_kept():
    x = engine.ones(3, requires_grad=True)
    watched = []

    def function(v):
        hidden = v.exp()
        watched.append(weakref.ref(hidden))
        return hidden * hidden

    gc.disable()
    try:
        out = checkpoint(function, x, use_reentrant=False)
        assert watched[0]() is None
        out.sum().backward()
        assert len(watched) == 2
        assert watched[1]() is None
    finally:
        gc.enable()


def test_gradients_of_gradients_and_several_walks():
    x = engine.tensor([0.5, 1.5], dtype=engine.float64, requires_grad=True)

    def function(v):
        return checkpoint(lambda u: (u.sin() * u).exp(), v, use_reentrant=False)

    assert engine.autograd.gradcheck(function, x)
    assert engine.autograd.gradgradcheck(function, x)


def test_checkpoints_nest():
    x = engine.tensor([0.5, 1.5], requires_grad=True)
    inner = lambda v: checkpoint(engine.exp, v * v)  # noqa: E731 - a def would say no more
    checkpoint(lambda v: inner(v) * v, x).sum().backward()
    nested, x.grad = x.grad, None
    ((x * x).exp() * x).sum().backward()
    assert nested.tolist() == x.grad.tolist()


def test_a_function_that_does_something_else_the_second_time_is_refused():
    x = engine.ones(3, requires_grad=True)
    calls = []

    def fickle(v):
        calls.append(1)
        return v * v if len(calls) == 1 else v.exp()

    with pytest.raises(EngineError, match="2 tensors in its first run and 1 in its second"):
        checkpoint(fickle, x).sum().backward()


def test_both_runs_have_their_contexts_and_arguments():
    x = engine.ones(3, requires_grad=True)
    entered = []

    @contextlib.contextmanager
    def noted(name):
        entered.append(name)
        yield

    out = checkpoint(
        lambda v, factor: (v * factor).exp(), x, factor=2, context_fn=lambda: (noted("1"), noted("2"))
    )
    out.sum().backward()
    assert entered == ["1", "2"]


def test_segments_must_fit_the_number_of_functions(network):
    with pytest.raises(EngineError, match="6 functions can't form 7 segments"):
        checkpoint_sequential(network, 7, engine.ones(5, 4))
