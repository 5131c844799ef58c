"""Assignments and changes in place, directly and through views, against PyTorch."""

import numpy as np
import pytest

import engine
from engine.errors import NotDifferentiable


def rows_of_products(t, x, w):
    y = t.zeros(3, 4, dtype=t.float64)
    for k in range(3):
        y[k] = w * x[k]
    return (y * y).sum()


def augmented_assignment(t, x, w):
    y = x * 1
    y[0] += w
    y[1:, 2] *= 3
    y[:, 1] *= w[2]
    return (y * y).sum()


def a_view_and_a_transposed_view(t, x, w):
    y = x * 1
    v = y.view(4, 3)
    v.mul_(2)
    z = y.t()
    z[1].add_(w[:3])
    return (y * y).sum() + v.sum()


def a_view_used_after_its_base_changed(t, x, w):
    y = x * 1
    v = y[1]
    y.mul_(2)
    y[1] = w
    return (v * v).sum() + (y * w).sum()


def constants(t, x, w):
    y = x * 1
    y[:, 0].fill_(3.0)
    y[1].zero_()
    y[y > 7] = 0.5
    return (y * y).sum()


def everything_overwritten(t, x, w):
    y = x * 1
    y.zero_()
    return (y * w).sum()


def index_lists(t, x, w):
    y = x * 1
    y[[0, 2], 1:3] = w[:2]
    y[1, [0, 2]] = w[0]
    y[0, 0] = w[1]
    y[2, 3] += w[2]
    return (y * y).sum()


def copies_into_views(t, x, w):
    y = t.zeros(3, 4, dtype=t.float64)
    y[1].copy_(w)
    y.select(1, 2).copy_(x[:, 0])
    return (y * y).sum()


def memory_in_another_order(t, x, w):
    y = x.t() * 1.0
    y[2] += w[:3]
    return (y * y).sum()


def a_buffer_filled_in_parts(t, x, w):
    y = t.zeros(5, 4, dtype=t.float64)
    y[:3] = x
    y[3:] += w
    return (y * y * y).sum()


def a_value_with_an_axis_in_front(t, x, w):
    y = x * 1
    y[0] = (w * 2).reshape(1, 4)
    return (y * y).sum()


def the_diagonal(t, x, w):
    y = x * 1
    y.diagonal().mul_(w[:3])
    y[:, 1:].diagonal().fill_(2.0)
    return (y * y).sum()


def a_view_of_a_view(t, x, w):
    y = x * 1
    a = y[1:]
    b = a[1]
    b.mul_(w)
    return (a * a).sum() + (b * y[0]).sum()


def the_element_wise_family(t, x, w):
    y = x * 1
    y.pow_(2)
    y.clamp_(max=50)
    y.mul_(w).add_(x, alpha=0.5).sub_(w)
    return (y * y).sum()


PROGRAMS = [
    rows_of_products,
    augmented_assignment,
    a_view_and_a_transposed_view,
    a_view_used_after_its_base_changed,
    constants,
    everything_overwritten,
    index_lists,
    copies_into_views,
    memory_in_another_order,
    a_buffer_filled_in_parts,
    a_value_with_an_axis_in_front,
    the_diagonal,
    a_view_of_a_view,
    the_element_wise_family,
]


def outcome(t, program):
    x = t.tensor(np.arange(1.0, 13.0).reshape(3, 4), requires_grad=True)
    w = t.tensor(np.arange(4.0) + 0.5, requires_grad=True)
    loss = program(t, x, w)
    loss.backward()
    return [loss.item(), *[None if leaf.grad is None else leaf.grad.tolist() for leaf in (x, w)]]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_gradients_through_changed_memory_are_torchs(torch, program):
    assert outcome(engine, program) == outcome(torch, program)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_gradients_of_gradients_through_changed_memory_exist(program):
    x = engine.tensor(np.arange(1.0, 13.0).reshape(3, 4), requires_grad=True)
    w = engine.tensor(np.arange(4.0) + 0.5, requires_grad=True)
    checked = engine.autograd.gradgradcheck(lambda a, b: program(engine, a * 0.3, b * 0.7), (x, w))
    assert checked


def test_a_view_of_a_leaf_that_requires_grad_cannot_be_changed():
    x = engine.ones(3, requires_grad=True)
    with pytest.raises(NotDifferentiable, match="view of a leaf that requires grad"):
        x[0].add_(1)
    with pytest.raises(NotDifferentiable, match="leaf that requires grad"):
        x[0] = 1.0
    with engine.no_grad():
        x[0] = 5.0
    assert x[0].item() == 5


def test_a_view_taken_under_no_grad_cannot_be_changed_unseen():
    y = engine.ones(3, requires_grad=True) * 1
    with engine.no_grad():
        v = y[0]
    with pytest.raises(NotDifferentiable, match="taken under no_grad"):
        v.mul_(2)


def test_views_that_would_miss_a_gradient_are_refused():
    buffer = engine.zeros(3)
    before = buffer.view(3, 1)
    with pytest.raises(NotDifferentiable, match="taken before anything in it required grad"):
        buffer[0] = engine.ones((), requires_grad=True)
    assert before.shape == (3, 1)


def test_a_detached_alias_keeps_its_memory_and_stays_outside_the_graph():
    x = engine.ones(3, requires_grad=True)
    y = x * 2
    alias = y.detach()
    alias[0] = 7.0
    assert y.tolist() == [7, 2, 2]
    assert not alias.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_a_number_expanded_before_it_changes_keeps_its_gradient(torch):
    def of(library):
        x = library.tensor(3.0, requires_grad=True)
        y = x * 1.0
        wide = y.expand(2)
        y *= 2
        wide.sum().backward()
        return x.grad.item()

    assert of(engine) == of(torch) == 4


def test_a_change_by_a_bool_key_is_recorded(torch):
    def of(library):
        x = library.tensor([1.0, 2.0], requires_grad=True)
        y = x * 3
        y[True] = x * x
        (y * y).sum().backward()
        return x.grad.tolist()

    assert of(engine) == of(torch)
