"""Masks in time and frequency."""

import numpy as np
import pytest

import engine
from engine.audio import functional, transforms
from engine.audio.functional.masking import bands
from engine.data.transform import Draws, uniforms
from engine.errors import IndexError_, ShapeError

ONES = engine.ones(8, 20, 30)


def test_bands_are_narrower_than_asked_and_come_to_lie_everywhere():
    mask = bands(uniforms(3000, 2), 20, 5, 1.0)
    width = mask.sum(axis=1)
    assert set(width) == {0, 1, 2, 3, 4}
    np.testing.assert_allclose(np.bincount(width) / 3000, 0.2, atol=0.03)
    assert mask[:, :-1].any(axis=0).all()  # the last place is out of reach of torchaudio's rule, too
    # true places are neighbours
    assert (np.abs(np.diff(mask.astype(int), axis=1)).sum(axis=1) <= 2).all()
    assert bands(uniforms(500, 2), 20, 10, 0.1).sum(axis=1).max() <= 1


@pytest.mark.parametrize(
    ("transform", "axis"), [(transforms.TimeMasking(10), 2), (transforms.FrequencyMasking(10), 1)]
)
def test_samples_of_a_batch_have_bands_of_their_own(transform, axis):
    u = Draws(0, 0)(np.arange(8), transform.draws)
    out = transform.varied(ONES.numpy(), u).numpy()
    hidden = (out == 0).all(axis=3 - axis)
    np.testing.assert_array_equal(out == 0, np.broadcast_to(np.expand_dims(hidden, 3 - axis), out.shape))
    assert len({tuple(row) for row in hidden}) > 4
    np.testing.assert_array_equal(transform.varied(ONES[3:5], u[3:5]).numpy(), out[3:5])
    assert engine.equal(transform.still(ONES), ONES)


def test_called_directly_all_have_one_band_unless_asked_otherwise():
    engine.manual_seed(0)
    for _ in range(5):
        out = transforms.TimeMasking(25)(ONES, 7.0).numpy()
        assert (out == out[:1]).all()
        assert set(np.unique(out)) <= {1.0, 7.0}
    own = transforms.TimeMasking(25, iid_masks=True)(ONES).numpy()
    assert not (own == own[:1]).all()
    assert transforms.FrequencyMasking(5)(ONES[0]).shape == (20, 30)


def test_spec_augment_masks_several_times_with_the_mean():
    augment = transforms.SpecAugment(2, 8, 1, 6)
    spec = engine.tensor(np.random.default_rng(0).random((4, 20, 30)).astype(np.float32))
    u = Draws(1, 0)(np.arange(4), augment.draws)
    out = augment.varied(spec, u).numpy()
    changed = out != spec.numpy()
    mean = spec.numpy().mean(axis=(1, 2))
    for k in range(4):
        np.testing.assert_allclose(out[k][changed[k]], mean[k], rtol=1e-6)
    assert changed.any()
    zeroed = transforms.SpecAugment(2, 8, 1, 6, zero_masking=True).varied(spec, u).numpy()
    assert (zeroed == 0).any()
    assert ((zeroed == 0) | (zeroed == spec.numpy())).all()
    engine.manual_seed(1)
    first = augment(spec)
    engine.manual_seed(1)
    assert engine.equal(augment(spec), first)


def test_functions_mask_one_band_or_one_each():
    engine.manual_seed(3)
    same = functional.mask_along_axis(ONES, 15, 0.0, 2).numpy()
    assert (same == same[:1]).all()
    own = functional.mask_along_axis_iid(ONES.reshape(2, 4, 20, 30), 15, 0.0, 3).numpy()
    assert own.shape == (2, 4, 20, 30)
    assert not (own == own[:1, :1]).all()
    with pytest.raises(IndexError_, match="neither frequency nor time"):
        functional.mask_along_axis(ONES, 15, 0.0, 0)
    with pytest.raises(ShapeError, match="within"):
        transforms.TimeMasking(3, p=1.5)
