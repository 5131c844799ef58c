"""Reductions under masks."""

import math

import pytest

import engine
from engine.errors import DTypeError, ShapeError

X = engine.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
MASK = engine.tensor([[True, False, True], [False, False, False]])


def test_what_is_masked_out_does_not_count():
    assert engine.masked.sum(X, 1, mask=MASK).tolist() == [4.0, 0.0]
    assert engine.masked.prod(X, 1, mask=MASK).tolist() == [3.0, 1.0]
    assert engine.masked.amax(X, 1, mask=MASK).tolist() == [3.0, -math.inf]
    first, second = engine.masked.mean(X, 1, mask=MASK).tolist()
    assert first == 2.0
    assert math.isnan(second)


def test_a_mask_of_one_row_broadcasts():
    row = engine.tensor([True, True, False])
    assert engine.masked.sum(X, 1, mask=row).tolist() == [3.0, 9.0]
    assert engine.masked.softmax(X, 1, mask=row)[:, 2].tolist() == [0.0, 0.0]


def test_no_gradient_reaches_what_is_masked_out():
    x = X.clone().requires_grad_()
    engine.masked.var(x, 1, mask=engine.tensor([True, True, False])).sum().backward()
    assert x.grad[:, 2].tolist() == [0.0, 0.0]


def test_masks_of_numbers_or_of_more_axes_are_refused():
    with pytest.raises(DTypeError, match="bool"):
        engine.masked.sum(X, mask=engine.ones(2, 3))
    with pytest.raises(ShapeError, match="more axes"):
        engine.masked.sum(X[0], mask=MASK)
