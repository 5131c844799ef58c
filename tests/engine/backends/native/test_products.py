"""Which matrix products the native rows take, and what they leave to NumPy."""

import numpy as np
import pytest

import engine
from engine import nn
from engine.backends import NUMPY, native

if native.BACKEND is None:  # the machine that installed the package had no compiler
    pytest.skip(f"no native core: {native.report()['reason']}", allow_module_level=True)

KERNELS = native.BACKEND.kernels
NAMES = ("matmul", "linear", "linear_no_bias")


def _drawn(*shape):
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


@pytest.fixture
def calls(monkeypatch):
    """The operands of every product that is computed."""
    found = []
    for name in NAMES:

        def kernel(*operands, name=name, inner=KERNELS[name]):
            found.append((name, operands))
            return inner(*operands)

        monkeypatch.setitem(KERNELS, name, kernel)
    return found


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 5, bias=False)), (8, 20)),
        (nn.Linear(20, 30), (20,)),
        (nn.Linear(20, 30), (2, 3, 20)),
        (nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (2, 5, 16)),
        (nn.TransformerEncoderLayer(16, 2, 32), (5, 2, 16)),
        (nn.Bilinear(6, 6, 4), None),
    ],
)
def test_every_product_of_a_layers_step_has_a_row(calls, layer, shape):
    inputs = [engine.randn(4, 6), engine.randn(4, 6)] if shape is None else [engine.randn(*shape)]
    for x in inputs:
        x.requires_grad_()
    layer(*inputs).square().sum().backward()
    assert len(calls) >= 3
    for name, operands in calls:
        assert native.ROWS[name](*operands) is not None, (name, [each.shape for each in operands])


def test_other_dtypes_and_shapes_that_do_not_fit_are_left_to_numpy():
    a, b, bias = _drawn(70, 80), _drawn(90, 80), _drawn(90)
    matmul, linear, linear_no_bias = (native.ROWS[name] for name in NAMES)
    for dtype in (np.float64, np.complex64, np.int64):
        assert matmul(a.astype(dtype), b.T.astype(dtype)) is None
        assert linear(a.astype(dtype), b.astype(dtype), bias.astype(dtype)) is None
        assert linear_no_bias(a.astype(dtype), b.astype(dtype)) is None
    assert matmul(a, b) is None
    assert matmul(_drawn(2, 70, 80), _drawn(3, 80, 90)) is None
    assert linear(a, b.T, bias) is None
    assert linear(a, b, bias[:1]) is None
    assert linear_no_bias(a, _drawn(2, 90, 80)) is None
    with pytest.raises(engine.errors.ShapeError, match="must be equal"):
        engine.ones(70, 80) @ engine.ones(90, 80)


def test_not_a_number_and_infinity_stay_in_their_row_and_column():
    a, b = _drawn(100, 70), _drawn(70, 50)
    a[3, 4], a[5, 6], b[7, 8] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        ours, theirs = (kernels["matmul"](a, b) for kernels in (KERNELS, NUMPY.kernels))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_row_of_a_product_does_not_depend_on_the_rows_beside_it():
    a, b = _drawn(150, 300), _drawn(300, 70)
    matmul = KERNELS["matmul"]
    whole = matmul(a, b)
    for rows in (slice(0, 60), slice(61, 150)):
        np.testing.assert_array_equal(matmul(a[rows], b), whole[rows])
