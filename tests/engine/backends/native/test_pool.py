"""The threads that native kernels share."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.backends import native

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

MATMUL = native.BACKEND.kernels["matmul"]


def _drawn(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype(np.float32)


@pytest.fixture(autouse=True)
def _three_threads():
    before = native.get_threads()
    native.set_threads(3)
    yield
    native.set_threads(before)


def test_kernels_of_several_python_threads_do_not_disturb_each_other():
    operands = [(_drawn(k, 90), _drawn(90, 150)) for k in (64, 127, 190, 230)]
    expected = [MATMUL(*pair) for pair in operands]

    def repeated(k):
        return all(np.array_equal(MATMUL(*operands[k]), expected[k]) for _ in range(30))

    with ThreadPoolExecutor(len(operands)) as executor:
        assert all(executor.map(repeated, range(len(operands))))
