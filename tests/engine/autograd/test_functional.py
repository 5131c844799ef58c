"""Jacobians, Hessians and their products against PyTorch; gradcheck on right and wrong gradients."""

import numpy as np
import pytest

import engine
from engine.autograd import Function, functional, gradcheck
from engine.autograd.gradcheck import GradcheckError
from engine.errors import EngineError, NotDifferentiable, ShapeError


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def two_results(a, b):
    return (a * a).sum(0) * b, (a @ b).exp()


def one_number(a, b):
    return ((a @ b) ** 2).sum() + (b**3).sum()


def flat(result):
    if isinstance(result, tuple):
        return [leaf for each in result for leaf in flat(each)]
    return [result.detach().numpy()]


def both(torch, name, function, *vectors):
    arrays = numbers(2, 3), numbers(3, seed=1)
    answers = []
    for t, module in ((engine, functional), (torch, torch.autograd.functional)):
        inputs = tuple(t.tensor(a) for a in arrays)
        given = [tuple(t.tensor(v) for v in group) for group in vectors]
        answers.append(flat(getattr(module, name)(function, inputs, *given)))
    for ours, theirs in zip(*answers, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_jacobian_and_its_products_are_torchs(torch):
    both(torch, "jacobian", two_results)
    both(torch, "vjp", two_results, (numbers(3, seed=2), numbers(2, seed=3)))
    both(torch, "jvp", two_results, (numbers(2, 3, seed=2), numbers(3, seed=3)))


def test_hessian_and_its_products_are_torchs(torch):
    both(torch, "hessian", one_number)
    both(torch, "hvp", one_number, (numbers(2, 3, seed=2), numbers(3, seed=3)))
    both(torch, "vhp", one_number, (numbers(2, 3, seed=2), numbers(3, seed=3)))


def test_single_tensors_stay_single():
    x = engine.tensor([1.0, 2.0])
    assert functional.jacobian(lambda v: v * v, x).tolist() == [[2, 0], [0, 4]]
    assert functional.hessian(lambda v: (v**3).sum(), x).tolist() == [[6, 0], [0, 12]]


def test_what_does_not_depend_is_zero_or_an_error():
    x = engine.ones(2)
    assert functional.jacobian(lambda v: engine.ones(3), x).tolist() == [[0, 0]] * 3
    with pytest.raises(NotDifferentiable, match="doesn't depend"):
        functional.jacobian(lambda v: engine.ones(3), x, strict=True)


def test_create_graph_lets_a_jacobian_be_differentiated():
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    functional.jacobian(lambda v: v**3, x, create_graph=True).sum().backward()
    assert x.grad.tolist() == [6, 12]


def test_what_cannot_be_asked_for_is_refused():
    x = engine.ones(2)
    with pytest.raises(EngineError, match="vectorize"):
        functional.jacobian(lambda v: v, x, vectorize=True)
    with pytest.raises(ShapeError, match=r"v has shape \(3,\), and it must have \(2,\)"):
        functional.vjp(lambda v: v, x, engine.ones(3))
    with pytest.raises(ShapeError, match="one element"):
        functional.hessian(lambda v: v, x)


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * g * x


def test_gradcheck_finds_a_wrong_gradient_and_says_where():
    x = engine.tensor([1.0, 2.0], dtype=engine.float64, requires_grad=True)
    with pytest.raises(GradcheckError, match=r"output 0 with respect to input 0.*\(1, 1\): 6 against 4"):
        gradcheck(Wrong.apply, x)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)


def test_gradcheck_wants_float64_that_requires_grad():
    with pytest.raises(GradcheckError, match="float64"):
        gradcheck(lambda v: v, engine.ones(2, requires_grad=True))
    with pytest.raises(NotDifferentiable, match="requires grad"):
        gradcheck(lambda v: v, engine.ones(2, dtype=engine.float64))
