"""Clipping of gradients against PyTorch's, and parameters as one vector."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.errors import EngineError, NonFinite, ShapeError
from tests.engine.nn.pairs import close

SHAPES = [(3, 4), (5,), (), (2, 2, 2)]


def _parameters(lib, scale=1.0):
    rng = np.random.default_rng(2)
    made = []
    for shape in SHAPES:
        p = lib.nn.Parameter(lib.tensor(rng.standard_normal(shape)))
        p.grad = lib.tensor(rng.standard_normal(shape) * scale)
        made.append(p)
    made[1].grad = None
    return made


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.0, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 1000.0])
def test_norms_are_clipped_as_torch_does(torch, norm_type, max_norm):
    found = []
    for lib in (engine, torch):
        parameters = _parameters(lib)
        before = lib.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], norm_type)
        total = lib.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)
        found.append([before, total, *[p.grad for p in parameters if p.grad is not None]])
    for a, b in zip(*found, strict=True):
        close(a, b, 1e-10, "gradient")


def test_gradients_are_clipped_in_place_and_without_history():
    parameters = _parameters(engine)
    grads = [p.grad for p in parameters]
    total = nn.utils.clip_grad_norm_(iter(parameters), 0.1, foreach=True)
    assert not total.requires_grad
    assert all(p.grad is g for p, g in zip(parameters, grads, strict=True))
    assert nn.utils.get_total_norm([g for g in grads if g is not None]).item() == pytest.approx(0.1, rel=1e-4)
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0
    assert nn.utils.clip_grad_norm_(parameters[0], 1.0).shape == ()


def test_values_are_clipped(torch):
    found = []
    for lib in (engine, torch):
        parameters = _parameters(lib, 3.0)
        lib.nn.utils.clip_grad_value_(parameters, 0.7)
        found.append([p.grad for p in parameters if p.grad is not None])
    for a, b in zip(*found, strict=True):
        close(a, b, 1e-12, "gradient")
    with pytest.raises(EngineError, match="must not be negative"):
        nn.utils.clip_grad_value_([], -1.0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_norm_that_is_not_finite_is_told_if_asked(bad):
    parameters = _parameters(engine)
    parameters[2].grad.fill_(bad)
    with pytest.raises(NonFinite, match="can't be clipped"):
        nn.utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert not nn.utils.clip_grad_norm_(parameters, 1.0).isfinite()


def test_parameters_become_a_vector_and_pieces_of_another_one():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    vector = nn.utils.parameters_to_vector(model.parameters())
    assert vector.shape == (26,)
    vector.sum().backward()
    assert (model[0].weight.grad == 1).all()
    new = engine.arange(26.0)
    nn.utils.vector_to_parameters(new, model.parameters())
    assert engine.equal(nn.utils.parameters_to_vector(model.parameters()).detach(), new)
    assert model[1].weight.tolist() == [[16, 17, 18, 19], [20, 21, 22, 23]]
    with pytest.raises(ShapeError, match="26 elements"):
        nn.utils.vector_to_parameters(engine.zeros(25), model.parameters())
