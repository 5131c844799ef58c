"""The walk back: accumulation, freeing, grad(), create_graph, and PyTorch's errors."""

import threading

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, NotDifferentiable, ShapeError


@pytest.fixture
def x():
    return engine.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_gradients_accumulate_into_the_same_tensor(x):
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad is first
    np.testing.assert_array_equal(x.grad.numpy(), [5, 5, 5])


def test_a_tensor_used_twice_gets_the_sum_of_its_gradients(x):
    (x * x + x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3, 5, 7])


def test_two_leaves_never_share_one_gradient():
    a, b = (engine.ones(2, requires_grad=True) for _ in range(2))
    g = engine.ones(2)
    (a + b).backward(g)
    a.grad.mul_(10)
    np.testing.assert_array_equal(b.grad.numpy(), [1, 1])
    np.testing.assert_array_equal(g.numpy(), [1, 1])


def test_two_leaves_share_no_gradient_under_create_graph_either():
    a, b = (engine.ones(2, requires_grad=True) for _ in range(2))
    (a + b).sum().backward(create_graph=True)
    assert not np.shares_memory(a.grad.detach().numpy(), b.grad.detach().numpy())


def test_an_expanded_gradient_gets_memory_of_its_own(x):
    x.sum().backward()
    assert x.grad.is_contiguous()
    x.grad[0] = 7.0
    np.testing.assert_array_equal(x.grad.numpy(), [7, 1, 1])


def test_a_second_walk_needs_retain_graph(x):
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(NotDifferentiable, match="a second time"):
        y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [4, 8, 12])


def test_backward_of_several_elements_needs_a_gradient_of_their_shape(x):
    y = x * 2
    with pytest.raises(NotDifferentiable, match="single element"):
        y.backward()
    with pytest.raises(ShapeError, match="shape"):
        y.backward(engine.ones(2))
    with pytest.raises(DTypeError, match="float64"):
        y.backward(engine.ones(3, dtype=engine.float64))
    y.backward(engine.tensor([1.0, 0.0, 2.0]))
    np.testing.assert_array_equal(x.grad.numpy(), [2, 0, 4])


def test_backward_without_history_says_what_to_do():
    with pytest.raises(NotDifferentiable, match="requires_grad=True"):
        engine.ones(()).backward()


def test_a_leaf_can_be_its_own_root():
    x = engine.tensor(2.0, requires_grad=True)
    x.backward()
    assert x.grad.item() == 1


def test_grad_leaves_grad_attributes_alone(x):
    (g,) = engine.autograd.grad((x * x).sum(), x)
    np.testing.assert_array_equal(g.numpy(), [2, 4, 6])
    assert x.grad is None


def test_grad_with_respect_to_a_tensor_in_the_middle(x):
    y = x * 2
    z = (y * y).sum()
    gy, gx = engine.autograd.grad(z, [y, x])
    np.testing.assert_array_equal(gy.numpy(), [4, 8, 12])
    np.testing.assert_array_equal(gx.numpy(), [8, 16, 24])


def test_grad_of_an_unused_input_is_an_error_unless_allowed(x):
    other = engine.ones(2, requires_grad=True)
    with pytest.raises(NotDifferentiable, match="allow_unused"):
        engine.autograd.grad(x.sum(), [other])
    assert engine.autograd.grad(x.sum(), [other], allow_unused=True) == (None,)
    (zeros,) = engine.autograd.grad(x.sum(), [other], materialize_grads=True)
    np.testing.assert_array_equal(zeros.numpy(), [0, 0])


def test_grad_visits_only_what_leads_to_the_inputs(x):
    w = engine.ones(3, requires_grad=True)
    hidden = x.exp()
    out = (hidden * w).sum()
    with engine.no_grad():
        x.add_(1)  # x's own gradient doesn't need x, but were exp's kept result changed, a visit would notice
        hidden.detach().add_(1)
    with pytest.raises(NotDifferentiable):
        engine.autograd.grad(out, x, retain_graph=True)


def test_backward_to_chosen_inputs_only(x):
    w = engine.ones(3, requires_grad=True)
    (x * w).sum().backward(inputs=[w])
    assert x.grad is None
    np.testing.assert_array_equal(w.grad.numpy(), [1, 2, 3])


def test_third_derivative_of_a_cube():
    x = engine.tensor(2.0, requires_grad=True)
    y = x**3
    for expected in (12.0, 12.0, 6.0):
        (y,) = engine.autograd.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected)


def test_create_graph_lets_a_penalty_on_the_gradient_train():
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    (g,) = engine.autograd.grad((x**3).sum(), x, create_graph=True)
    (g * g).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [36, 288], rtol=1e-6)  # d/dx (3 x^2)^2 = 36 x^3


def test_several_roots_add_up(x):
    engine.autograd.backward([x.sum(), (x * x).sum()])
    np.testing.assert_array_equal(x.grad.numpy(), [3, 5, 7])


def test_retain_grad_keeps_the_gradient_of_a_tensor_in_the_middle(x):
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    np.testing.assert_array_equal(y.grad.numpy(), [4, 8, 12])


def test_a_gradient_has_the_dtype_of_its_tensor_across_a_promotion():
    a = engine.ones(3, requires_grad=True)
    b = engine.ones(3, dtype=engine.float64, requires_grad=True)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (engine.float32, engine.float64)


def test_threads_have_switches_of_their_own(x):
    seen = []
    with engine.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]
