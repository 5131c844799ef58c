"""What is recorded, what is kept, and what in-place changes do to it."""

import gc
import weakref

import numpy as np
import pytest

import engine
from engine.device import CPU
from engine.errors import EngineError, NotDifferentiable, ShapeError
from engine.ops.op import Op


@pytest.fixture
def x():
    return engine.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_only_what_depends_on_a_leaf_that_requires_grad_is_recorded(x):
    constant = engine.ones(3)
    assert (constant * 2).grad_fn is None
    assert (x * constant).requires_grad
    assert repr((x * constant).grad_fn) == "<MulBackward0>"
    assert not (x > 1).requires_grad
    assert not x.long().requires_grad


def test_no_grad_and_its_kin_switch_recording_for_their_block_only(x):
    with engine.no_grad():
        assert not (x * 2).requires_grad
        with engine.enable_grad():
            assert (x * 2).requires_grad
        assert not engine.is_grad_enabled()
    with engine.set_grad_enabled(False):
        assert not engine.is_grad_enabled()
    with engine.inference_mode():
        assert engine.is_inference_mode_enabled()
        assert not (x * 2).requires_grad
    assert engine.is_grad_enabled()
    assert not engine.is_inference_mode_enabled()


def test_no_grad_decorates_functions_and_ends_with_an_exception(x):
    @engine.no_grad()
    def broken():
        assert not engine.is_grad_enabled()
        raise ValueError

    with pytest.raises(ValueError):
        broken()
    assert engine.is_grad_enabled()


def test_set_grad_enabled_works_as_a_plain_call(x):
    engine.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        engine.set_grad_enabled(True)


def test_a_graph_is_freed_without_the_garbage_collector(x):
    gc.disable()
    try:
        hidden = (x * 2).exp()
        out = hidden.sigmoid().sum()
        watched = weakref.ref(hidden)
        out.backward()
        del hidden, out
        assert watched() is None
    finally:
        gc.enable()


def test_an_unused_graph_is_freed_without_the_garbage_collector(x):
    gc.disable()
    try:
        y = x.exp()
        watched = weakref.ref(y)
        z = y * y
        z.mul_(y)
        del y, z
        assert watched() is None
    finally:
        gc.enable()


def test_results_that_no_rule_needs_are_not_kept_alive(x):
    gc.disable()
    try:
        y = x + 1
        watched = weakref.ref(y)
        out = (y + 2).sum()
        del y
        assert watched() is None
        out.backward()
        np.testing.assert_array_equal(x.grad.numpy(), [1, 1, 1])
    finally:
        gc.enable()


@pytest.mark.parametrize("depth", [10_000, 100_000])
def test_a_deep_graph_neither_recurses_nor_crashes_when_freed(depth):
    x = engine.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(depth):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


def test_changing_a_kept_operand_in_place_is_noticed(x):
    y = x.exp()
    z = y * y
    with engine.no_grad():
        y.add_(1)
    with pytest.raises(NotDifferentiable, match="changed in place: it is at version 1, expected version 0"):
        z.sum().backward()


def test_changing_a_kept_result_in_place_is_noticed(x):
    y = x.exp()
    y.add_(1)
    with pytest.raises(NotDifferentiable, match="'exp' needs was changed in place"):
        y.sum().backward()


def test_changing_a_kept_operand_through_a_view_or_detached_alias_is_noticed(x):
    for alias in (lambda t: t[0], lambda t: t.detach(), lambda t: t.view(3, 1)):
        y = x * 1
        z = y * y
        with engine.no_grad():
            alias(y).add_(1)
        with pytest.raises(NotDifferentiable, match="changed in place"):
            z.sum().backward()


def test_changing_what_nobody_kept_is_fine(x):
    y = x * 2
    y.add_(1)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2, 2])


def test_in_place_changes_are_part_of_the_history(x):
    y = x * 1
    y.mul_(3)
    y += x
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [4, 4, 4])


def test_an_in_place_change_keeps_the_old_values_that_its_own_rule_needs(x):
    y = x * 1
    w = engine.tensor([5.0, 6.0, 7.0], requires_grad=True)
    y.mul_(w)
    y.pow_(2)
    y.sum().backward(create_graph=True)
    np.testing.assert_array_equal(w.grad.detach().numpy(), [10, 48, 126])  # 2 w x^2
    np.testing.assert_array_equal(x.grad.detach().numpy(), [50, 144, 294])  # 2 x w^2
    (mixed,) = engine.autograd.grad(w.grad.sum(), x)
    np.testing.assert_array_equal(mixed.numpy(), [20, 48, 84])  # 4 w x


def test_a_leaf_that_requires_grad_cannot_be_changed_in_place(x):
    with pytest.raises(NotDifferentiable, match="leaf that requires grad"):
        x.add_(1)
    with engine.no_grad():
        x.add_(1)
    np.testing.assert_array_equal(x.detach().numpy(), [2, 3, 4])


def test_an_expanded_view_cannot_be_written_to():
    with pytest.raises(EngineError, match=r"expanded view.* clone"):
        engine.zeros(1).expand(3).add_(1)


def test_an_op_without_a_rule_says_so_when_it_is_recorded(x):
    silent = Op("silent", "x")
    with pytest.raises(NotDifferentiable, match="op 'silent' has no gradient rule"):
        silent.plan((True,))


def test_rules_of_the_wrong_number_or_with_unknown_names_fail_where_the_op_is_defined():
    with pytest.raises(EngineError, match=r"op 'two' has 2 inputs \('a', 'b'\) and 1 gradient rules"):
        Op("two", "a b", vjp=(lambda g: g,))
    with pytest.raises(EngineError, match="rule of op 'one' asks for 'y'"):
        Op("one", "x", vjp=(lambda g, y: g,))


def test_a_rule_whose_gradient_has_the_wrong_shape_is_named(x, monkeypatch):
    monkeypatch.setitem(CPU.kernels, "wrong", np.negative)
    out = Op("wrong", "x", vjp=(lambda g: g.sum(),))(x)
    with pytest.raises(ShapeError, match=r"rule of 'wrong' gave shape \(\) for an operand of \(3,\)"):
        out.sum().backward()


def test_a_joint_rule_with_too_few_gradients_is_named(x, monkeypatch):
    monkeypatch.setitem(CPU.kernels, "pair", np.add)
    out = Op("pair", "a b", vjp=lambda g: (g,))(x, x)
    with pytest.raises(EngineError, match="rule of 'pair' gave 1 gradients for 2 operands"):
        out.sum().backward()
