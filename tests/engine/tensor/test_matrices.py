"""Linear algebra: what identities must hold, and what is said where there is no answer."""

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, EngineError, ShapeError


def _random(*shape, seed=4):
    return engine.tensor(np.random.default_rng(seed).standard_normal(shape))


def _near(a, b):
    return engine.allclose(a, b, rtol=1e-9, atol=1e-9)


def test_a_singular_matrix_is_called_one():
    with pytest.raises(EngineError, match=r"no inverse.*\(2, 2\)"):
        engine.linalg.inv(engine.ones(2, 2))
    with pytest.raises(EngineError, match="no unique solution"):
        engine.linalg.solve(engine.ones(2, 2), engine.ones(2))


def test_a_matrix_without_a_cholesky_factor_is_named():
    with pytest.raises(EngineError, match="positive definite"):
        engine.linalg.cholesky(-engine.eye(3))


def test_shapes_are_refused_with_what_is_needed():
    with pytest.raises(ShapeError, match=r"square matrices.*\(2, 3\)"):
        engine.linalg.det(engine.ones(2, 3))
    with pytest.raises(ShapeError, match=r"matrices \[\.\.\., M, N\]"):
        engine.linalg.svd(engine.ones(3))
    with pytest.raises(DTypeError, match="floating-point"):
        engine.linalg.inv(engine.ones(2, 2, dtype=engine.int64))


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 3, 3)])
def test_factors_multiply_to_the_matrix(shape):
    x = _random(*shape)
    q, r = engine.linalg.qr(x)
    assert _near(q @ r, x)
    u, s, vh = engine.linalg.svd(x, full_matrices=False)
    assert _near(u * s.unsqueeze(-2) @ vh, x)
    p, lower, upper = engine.linalg.lu(x)
    assert _near(p @ lower @ upper, x)


def test_solutions_solve_from_either_side():
    a, b = _random(3, 3), _random(3, 2, seed=5)
    assert _near(a @ engine.linalg.solve(a, b), b)
    x = engine.linalg.solve(a, b.mT, left=False)
    assert _near(x @ a, b.mT)
    packed, pivots = engine.linalg.lu_factor(a)
    assert _near(a.mT @ engine.linalg.lu_solve(packed, pivots, b, adjoint=True), b)


def test_the_determinant_of_a_singular_matrix_has_a_gradient():
    x = engine.tensor([[1.0, 2.0], [2.0, 4.0]]).double().requires_grad_()
    engine.linalg.det(x).backward()
    assert _near(x.grad, engine.tensor([[4.0, -2.0], [-2.0, 1.0]]).double())


def test_the_exponential_of_a_large_matrix_is_scaled_first():
    x = engine.tensor([[0.0, 30.0], [-30.0, 0.0]]).double()
    c, s = np.cos(30.0), np.sin(30.0)
    expected = engine.tensor([[c, s], [-s, c]], dtype=engine.float64)
    assert _near(engine.linalg.matrix_exp(x), expected)


def test_powers_of_a_matrix_may_be_negative_or_zero():
    x = _random(3, 3)
    assert _near(engine.linalg.matrix_power(x, -2) @ x @ x, engine.eye(3).double())
    assert _near(engine.linalg.matrix_power(x, 0), engine.eye(3).double())


def test_a_chain_of_products_is_taken_in_any_order():
    found = [_random(2, 9), _random(9, 3), _random(3, 4)]
    assert _near(engine.linalg.multi_dot(found), found[0] @ found[1] @ found[2])


def test_a_norm_has_gradient_zero_at_zero():
    x = engine.zeros(3).requires_grad_()
    engine.linalg.norm(x).backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_the_rank_counts_singular_values():
    assert engine.linalg.matrix_rank(engine.ones(3, 3)).item() == 1
    assert engine.linalg.matrix_rank(engine.eye(3)).item() == 3
