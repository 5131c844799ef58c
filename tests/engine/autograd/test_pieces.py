"""Pieces that are taken together give their gradients together, and are views otherwise."""

import numpy as np
import pytest

import engine

SPLITS = {
    "chunk": (lambda x: x.chunk(3, 1), [(0, 3), (3, 6), (6, 8)]),
    "split": (lambda x: x.split([2, 0, 6], -1), [(0, 2), (2, 2), (2, 8)]),
    "tensor_split": (lambda x: x.tensor_split(3, 1), [(0, 3), (3, 6), (6, 8)]),
}


def drawn(*shape):
    return engine.tensor(np.random.default_rng(3).standard_normal(shape)).requires_grad_()


@pytest.mark.parametrize("name", SPLITS)
@pytest.mark.parametrize("used", [(0, 1, 2), (0, 2), (2,)])
def test_gradients_are_those_of_slices(name, used):
    split, places = SPLITS[name]
    x, y = drawn(4, 8), drawn(4, 8)

    def loss(pieces):
        return sum((pieces[k] ** (k + 2)).sum() for k in used)

    whole = loss(split(x * 3))
    sliced = y * 3
    loss([sliced[:, a:b] for a, b in places]).backward()
    (first,) = engine.autograd.grad(whole, x, create_graph=True)
    np.testing.assert_array_equal(first.detach().numpy(), y.grad.numpy())
    engine.autograd.gradgradcheck(lambda x: loss(split(x)), (drawn(4, 8),))


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_gradients_of_rows_are_stacked(dim):
    x, y = drawn(2, 3, 4), drawn(2, 3, 4)
    rows = x.unbind(dim)
    (rows[0] * rows[-1]).sum().backward()
    last = y.shape[dim] - 1
    (y.select(dim, 0) * y.select(dim, last)).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())


def test_the_graph_has_one_node_for_all_pieces():
    a, b = drawn(4, 6).chunk(2)
    assert a.grad_fn is b.grad_fn
    assert a.grad_fn.name() == "SplitBackward0"
    assert drawn(3).unbind()[0].grad_fn.name() == "UnbindBackward0"


def test_a_changed_piece_changes_the_whole():
    x = drawn(2, 6)
    whole = x * 1
    a, b = whole.split([2, 4], 1)
    a.mul_(5)
    (whole**2).sum().backward()
    np.testing.assert_allclose(x.grad[:, :2].numpy(), 50 * x.detach()[:, :2].numpy())
    assert b._view_of is whole
    with engine.no_grad():
        first, _ = whole.chunk(2)
    assert not first.requires_grad


def test_hooks_see_a_piece_gradient():
    x = drawn(2, 6)
    a, b = (x * 1).chunk(2, 1)
    seen = []
    a.register_hook(lambda g: seen.append(g.numpy().copy()))
    b.retain_grad()
    (2 * a + 3 * b).sum().backward()
    assert (seen[0] == 2).all()
    assert (b.grad.numpy() == 3).all()


def test_pieces_of_complex_numbers():
    x = engine.tensor(np.arange(6) * (1 + 2j)).requires_grad_()
    a, b = x.chunk(2)
    (a * b).abs().sum().backward()
    y = x.detach().requires_grad_()
    (y[:3] * y[3:]).abs().sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())
