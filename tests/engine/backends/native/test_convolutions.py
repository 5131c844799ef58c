"""How exact convolutions in C++ are, and that they begin with nothing of what was there before."""

import numpy as np
import pytest

from engine.backends import NUMPY, native
from tests.engine.backends.native import cases_convolutions

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = native.BACKEND.kernels
# what is computed by Winograd's method on every level: many channels, many tiles
DENSE = (6, 96, 80, (30, 29), (3, 3), (1, 1), (1, 1), (1, 1), 1)
OPERANDS = {name: cases_convolutions.MAKERS[name](*DENSE) for name in cases_convolutions.MAKERS}


@pytest.mark.parametrize("name", OPERANDS)
def test_fewer_products_cost_little_accuracy(name):
    operands = OPERANDS[name]
    exact = NUMPY.kernels[name](*[a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in operands])
    error = np.abs(KERNELS[name](*operands) - exact).max() / np.abs(exact).max()
    # the direct sum's is about 1e-6
    assert error < 5e-6


@pytest.mark.parametrize("name", OPERANDS)
def test_what_lies_in_scratch_memory_does_not_matter(name):
    operands = OPERANDS[name]
    clean = KERNELS[name](*operands)
    spoilt = [np.full_like(a, np.nan) if isinstance(a, np.ndarray) else a for a in operands]
    KERNELS[name](*spoilt)
    np.testing.assert_array_equal(KERNELS[name](*operands), clean)
    for case in cases_convolutions.GEOMETRIES:
        own = cases_convolutions.MAKERS[name](*case)
        expected = KERNELS[name](*own)
        KERNELS[name](*spoilt)
        np.testing.assert_array_equal(KERNELS[name](*own), expected)
        assert not np.isnan(expected).any()
