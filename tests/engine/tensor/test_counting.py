"""Histograms, distinct elements, sorted boundaries, order statistics."""

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, ShapeError


def test_counts_of_integers_are_as_long_as_the_largest_asks_for():
    x = engine.tensor([1, 3, 1])
    assert engine.bincount(x).tolist() == [0, 2, 0, 1]
    assert engine.bincount(x, minlength=6).tolist() == [0, 2, 0, 1, 0, 0]
    assert engine.bincount(x, engine.tensor([0.5, 2.0, 0.25])).tolist() == [0.0, 0.75, 0.0, 2.0]


def test_negative_numbers_cannot_be_counted():
    with pytest.raises(ShapeError, match="-2 is negative"):
        engine.bincount(engine.tensor([1, -2]))


def test_the_last_bin_of_a_histogram_includes_its_right_edge():
    found = engine.histogram(engine.tensor([0.0, 1.0, 2.0, 4.0]), 2)
    assert found.hist.tolist() == [2.0, 2.0]
    assert found.bin_edges.tolist() == [0.0, 2.0, 4.0]
    assert engine.histc(engine.tensor([0.0, 1.0, 2.0, 4.0]), 2).tolist() == [2.0, 2.0]


def test_the_inverse_of_unique_rebuilds_the_tensor():
    x = engine.tensor([[2.0, 1.0], [2.0, 5.0]])
    values, inverse, counts = engine.unique(x, return_inverse=True, return_counts=True)
    assert engine.equal(values[inverse], x)
    assert counts.tolist() == [1, 2, 1]


def test_unique_consecutive_keeps_what_comes_back():
    values, counts = engine.unique_consecutive(engine.tensor([1, 1, 2, 1]), return_counts=True)
    assert (values.tolist(), counts.tolist()) == ([1, 2, 1], [2, 1, 1])


def test_membership_is_found_in_unsorted_sets():
    x = engine.tensor([[1, 2], [3, 4]])
    assert engine.isin(x, engine.tensor([4, 1])).tolist() == [[True, False], [False, True]]
    assert engine.isin(x, engine.tensor([], dtype=engine.int64)).any().item() is False


def test_a_nan_makes_the_quantile_nan_but_not_the_nanquantile():
    x = engine.tensor([1.0, float("nan"), 3.0])
    assert np.isnan(engine.quantile(x, 0.5).item())
    assert engine.nanquantile(x, 0.5).item() == 2.0
    assert engine.nanmedian(x).item() == 1.0


def test_a_quantile_beyond_one_is_refused():
    with pytest.raises(ShapeError, match=r"\[0, 1\]"):
        engine.quantile(engine.tensor([1.0]), 1.5)


def test_the_mode_of_a_tie_is_the_smaller_value():
    found = engine.mode(engine.tensor([3, 1, 3, 1, 2]))
    assert (found.values.item(), found.indices.item()) == (1, 3)


def test_boundaries_must_be_a_vector():
    with pytest.raises(ShapeError, match="vector"):
        engine.bucketize(engine.tensor([1.0]), engine.ones(2, 2))


def test_topk_of_few_among_many_is_what_sorting_gives():
    x = engine.tensor(np.random.default_rng(3).permutation(1000).astype(np.float32))
    values, indices = engine.topk(x, 5)
    assert values.tolist() == [999.0, 998.0, 997.0, 996.0, 995.0]
    assert x[indices].tolist() == values.tolist()
    assert engine.topk(x, 3, largest=False).values.tolist() == [0.0, 1.0, 2.0]


def test_covariances_refuse_weights_of_the_wrong_kind():
    x = engine.ones(2, 3)
    with pytest.raises(DTypeError, match="fweights are integers"):
        engine.cov(x, fweights=engine.ones(3))
    with pytest.raises(ShapeError, match="3 observations"):
        engine.cov(x, aweights=engine.ones(2))


def test_a_nan_in_a_row_makes_its_median_nan():
    x = engine.tensor([[1.0, float("nan"), 3.0], [2.0, 5.0, 4.0]])
    found = engine.median(x, 1)
    assert np.isnan(found.values[0].item())
    assert found.indices.tolist() == [1, 2]
    assert found.values[1].item() == 4.0
    assert engine.median(engine.tensor([3, 1, 2], dtype=engine.int32)).dtype is engine.int32


def test_sums_and_products_come_in_the_dtype_that_is_asked_for():
    x = engine.tensor([1, 2, 3])
    for found in (x.sum(dtype=engine.int32), x.cumsum(0, dtype=engine.int32), x.prod(dtype=engine.int32)):
        assert found.dtype is engine.int32


def test_numbers_wrap_around_in_small_integers():
    assert engine.full_like(engine.zeros(2, dtype=engine.uint8), -9).tolist() == [247, 247]


def test_scatter_can_add_or_multiply():
    x, index = engine.tensor([1.0, 2.0]), engine.tensor([1, 1])
    assert engine.scatter(x, 0, index, engine.tensor([3.0, 4.0]), reduce="add").tolist() == [1.0, 9.0]
    assert engine.scatter(x, 0, index, engine.tensor([3.0, 4.0]), reduce="multiply").tolist() == [1.0, 24.0]
