"""Categories and normal numbers, drawn."""

import numpy as np
import pytest

import engine
from engine.errors import DTypeError, ShapeError


def test_categories_come_with_odds_in_proportion_to_their_weights():
    engine.manual_seed(3)
    drawn = engine.multinomial(engine.tensor([1.0, 0.0, 3.0, 4.0]), 20_000, replacement=True)
    shares = np.bincount(drawn.numpy(), minlength=4) / 20_000
    np.testing.assert_allclose(shares, [1 / 8, 0, 3 / 8, 4 / 8], atol=0.015)


def test_without_replacement_no_category_comes_twice_and_the_first_has_the_odds():
    engine.manual_seed(3)
    weights = engine.tensor([1.0, 0.0, 3.0, 4.0])
    drawn = engine.multinomial(weights.expand(20_000, 4), 3)
    assert drawn.shape == (20_000, 3)
    assert (np.sort(drawn.numpy(), axis=1) == [0, 2, 3]).all()
    shares = np.bincount(drawn[:, 0].numpy(), minlength=4) / 20_000
    np.testing.assert_allclose(shares, [1 / 8, 0, 3 / 8, 4 / 8], atol=0.015)


def test_a_generator_draws_the_same_again():
    weights = engine.rand(5, 7)
    first, second = (
        engine.multinomial(weights, 4, generator=engine.Generator().manual_seed(9)) for _ in range(2)
    )
    assert first.tolist() == second.tolist()
    assert weights.multinomial(2).shape == (5, 2)


@pytest.mark.parametrize(
    ("weights", "count", "replacement", "message"),
    [
        ([0.5, 0.0], 2, False, "a row has 1 weights above 0, too few for 2"),
        ([0.0, 0.0], 1, True, "a row has 0 weights above 0"),
        ([-1.0, 2.0], 1, True, "finite and not negative"),
        ([[[1.0]]], 1, True, r"\[C\] or \[N, C\], not shape \(1, 1, 1\)"),
        ([1.0], 0, True, "num_samples must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_drawn_from_is_told(weights, count, replacement, message):
    with pytest.raises(ShapeError, match=message):
        engine.multinomial(engine.tensor(weights), count, replacement)


def test_integers_are_no_weights():
    with pytest.raises(DTypeError, match=r"floating-point, not engine\.int64"):
        engine.multinomial(engine.tensor([1, 2]), 1)


def test_normal_numbers_have_their_means_and_deviations():
    engine.manual_seed(1)
    drawn = engine.normal(engine.tensor([[-5.0], [5.0]]), engine.ones(1, 20_000) * 2).numpy()
    np.testing.assert_allclose(drawn.mean(1), [-5, 5], atol=0.1)
    np.testing.assert_allclose(drawn.std(1), [2, 2], atol=0.1)
    assert engine.normal(1.0, 0.0, (2, 3)).tolist() == [[1.0] * 3] * 2
    with pytest.raises(ShapeError, match="std must be at least 0, not -1"):
        engine.normal(0.0, -1.0, (2,))
    with pytest.raises(ShapeError, match="give a size"):
        engine.normal(0.0, 1.0)
