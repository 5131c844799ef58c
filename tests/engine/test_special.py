"""Special functions where they are hard: near poles, far out, and at their ends."""

import math

import pytest

import engine


def _of(function, *values):
    return function(engine.tensor(values, dtype=engine.float64)).tolist()


def test_the_error_functions_complement_keeps_its_digits_far_out():
    assert _of(engine.special.erfc, 20.0) == [pytest.approx(math.erfc(20.0), rel=1e-13)]
    assert _of(engine.special.log_ndtr, -40.0) == [pytest.approx(-804.6084420137538, rel=1e-13)]


def test_inverses_undo_what_they_invert():
    p = engine.tensor([1e-300, 1e-9, 0.3, 0.5, 0.999], dtype=engine.float64)
    assert engine.allclose(engine.special.ndtr(engine.special.ndtri(p)), p, rtol=1e-11, atol=0)
    assert _of(engine.special.erfinv, -1.0, 0.0, 1.0) == [-math.inf, 0.0, math.inf]


@pytest.mark.parametrize("x", [1e-8, 0.5, 1.0, 2.0, 9.9, 171.0, 1e6, -0.5, -3.7])
def test_lgamma_is_that_of_the_standard_library(x):
    assert _of(engine.lgamma, x) == [pytest.approx(math.lgamma(x), rel=1e-12, abs=1e-13)]


def test_the_gamma_family_has_its_known_values():
    euler = 0.5772156649015329
    assert _of(engine.digamma, 1.0) == [pytest.approx(-euler, rel=1e-13)]
    assert _of(lambda x: engine.polygamma(1, x), 1.0) == [pytest.approx(math.pi**2 / 6, rel=1e-13)]
    four = engine.special.zeta(4.0, engine.tensor([1.0], dtype=engine.float64)).item()
    assert four == pytest.approx(math.pi**4 / 90, rel=1e-13)


def test_poles_are_infinite_or_nan_as_in_torch():
    assert _of(engine.lgamma, 0.0, -2.0) == [math.inf, math.inf]
    at_zero, at_pole = _of(engine.digamma, 0.0, -2.0)
    assert at_zero == -math.inf
    assert math.isnan(at_pole)


def test_scaled_bessel_functions_do_not_overflow():
    assert _of(engine.special.i0e, 1e6) == [pytest.approx(1 / math.sqrt(2 * math.pi * 1e6), rel=1e-6)]
    assert _of(engine.special.i1, -2.0) == [pytest.approx(-1.5906368546373291, rel=1e-13)]
