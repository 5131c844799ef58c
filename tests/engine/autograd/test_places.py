"""Where a view lies in its base, for chains of indexing, new axes, transpositions and flattening."""

import numpy as np
import pytest

from engine.autograd.places import coordinates_of, key_of


def some_view(rng):
    shape = tuple(rng.integers(1, 5, rng.integers(0, 4)))
    base = np.arange(float(np.prod(shape))).reshape(shape)
    if rng.random() < 0.3:
        base = np.asfortranarray(base)
    view = base[...]
    for _ in range(rng.integers(1, 4)):
        axis = rng.integers(max(view.ndim, 1))
        before = (slice(None),) * axis
        kind = rng.integers(5)
        if kind == 0 and view.ndim:
            view = view[(*before, rng.integers(view.shape[axis]), Ellipsis)]
        elif kind == 1 and view.ndim:
            view = view[(*before, slice(rng.integers(view.shape[axis]), None, rng.integers(1, 3)))]
        elif kind == 2:
            view = view[None]
        elif kind == 3 and view.ndim > 1:
            view = view.swapaxes(0, 1)
        elif view.flags.c_contiguous:
            view = view.reshape(-1)
    return base, view


@pytest.mark.parametrize("seed", range(5))
def test_places_lead_back_to_the_views_own_elements(seed):
    rng = np.random.default_rng(seed)
    keys = 0
    for _ in range(100):
        base, view = some_view(rng)
        key = key_of(base, view)
        if key is not None:
            keys += 1
            again = base[(*key, Ellipsis)]
            assert again.shape == view.shape
            assert np.shares_memory(again, view)
            np.testing.assert_array_equal(again, view)
        if base.ndim:
            np.testing.assert_array_equal(base[tuple(coordinates_of(base, view))], view)
    assert keys > 80
