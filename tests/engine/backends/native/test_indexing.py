"""Indices that aren't there, and rows of layers that pick by index."""

import numpy as np
import pytest

import engine
from engine.backends import native
from engine.errors import IndexError_

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = native.BACKEND.kernels
TABLE = engine.rand(100, 50)
FAR = engine.tensor([[3, 99], [7, 100]])


@pytest.mark.parametrize(
    ("operate", "message"),
    [
        (lambda: engine.nn.functional.embedding(FAR, TABLE), r"index 100 is out of range; with 100 rows"),
        (lambda: engine.nn.functional.embedding(-FAR, TABLE), r"index -3 is out of range; with 100 rows"),
        (lambda: TABLE[FAR], "index 100 is out of bounds for axis 0 with size 100"),
        (lambda: TABLE[:, FAR[0]], "index 99 is out of bounds for axis 1 with size 50"),
        (lambda: TABLE.gather(0, FAR), "index 100 is out of bounds for axis 0 with size 100"),
        (lambda: TABLE.gather(1, -FAR), "index -100 is negative"),
        (lambda: TABLE.scatter_add(0, FAR, FAR + 0.5), "index 100 is out of bounds for axis 0 with size 100"),
    ],
)
def test_an_index_that_is_not_there_is_refused_in_words(operate, message):
    with pytest.raises(IndexError_, match=message):
        operate()


def test_numbers_of_half_precision_and_complex_ones_are_left_to_numpy():
    for dtype in (np.float16, np.complex64):
        x = np.ones((90, 60), dtype)
        assert native.ROWS["index"](x, np.array([3, 4]), (True,)) is None
        assert native.ROWS["gather"](x, np.zeros((90, 2), np.int64), 1) is None


def test_axes_that_are_not_neighbours_are_left_to_numpy():
    x = np.ones((9, 8, 7), np.float32)
    key = (True, slice(None), True)
    indices = (np.array([3, 4]), np.array([5, 6]))
    assert native.ROWS["index"](x, *indices, key) is None
    np.testing.assert_array_equal(KERNELS["index"](x, *indices, key), x[[3, 4], :, [5, 6]])


def test_a_captured_step_refuses_an_index_as_an_eager_one_does():
    model = engine.nn.Embedding(100, 50)

    @engine.capture
    def step(words):
        loss = model(words).square().mean()
        loss.backward()
        return loss

    for _ in range(4):
        step(engine.randint(0, 100, (8, 9)))
        model.weight.grad = None
    with pytest.raises(IndexError_, match="index 100 is out of range; with 100 rows"):
        step(engine.full((8, 9), 100))
    assert step.report().replays > 0
