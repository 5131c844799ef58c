"""Element types: how they combine, and their limits, as in PyTorch."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import engine
from engine import dtypes
from engine.errors import DTypeError


def named(dtype):
    return str(dtype).split(".")[-1]


def theirs(torch, dtype):
    return getattr(torch, dtype.name)


def test_any_two_dtypes_promote_as_in_torch(torch):
    for a, b in itertools.product(dtypes.ALL, dtypes.ALL):
        expected = torch.promote_types(theirs(torch, a), theirs(torch, b))
        assert dtypes.promote_types(a, b).name == named(expected), (a, b)


def test_zero_dimensional_tensors_promote_as_in_torch(torch):
    for a, b in itertools.product(dtypes.ALL, dtypes.ALL):
        if dtypes.float16 in (a, b) and (a.is_complex or b.is_complex):
            continue  # PyTorch's complex32 isn't ours
        expected = torch.result_type(
            torch.ones(2, dtype=theirs(torch, a)), torch.ones((), dtype=theirs(torch, b))
        )
        found = engine.result_type(engine.ones(2, dtype=a), engine.ones((), dtype=b))
        assert found.name == named(expected), (a, b)


@pytest.mark.parametrize("number", [True, 3, 2.5, 1j])
def test_numbers_promote_as_in_torch(torch, number):
    for d in dtypes.ALL:
        if d is dtypes.float16 and isinstance(number, complex):
            continue  # as above
        expected = torch.ones(2, dtype=theirs(torch, d)) * number
        assert (engine.ones(2, dtype=d) * number).dtype.name == named(expected.dtype), d


def test_limits_are_those_of_torch(torch):
    for d in dtypes.ALL:
        if d.is_floating_point or d.is_complex:
            ours, other = engine.finfo(d), torch.finfo(theirs(torch, d))
            for name in ["bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype"]:
                assert getattr(ours, name) == getattr(other, name), (d, name)
        elif d is not dtypes.bool_:
            whole, other = engine.iinfo(d), torch.iinfo(theirs(torch, d))
            assert (whole.bits, whole.min, whole.max) == (other.bits, other.min, other.max)
    with pytest.raises(DTypeError, match="use iinfo"):
        engine.finfo(engine.int64)
    with pytest.raises(DTypeError, match="use finfo"):
        engine.iinfo(engine.bfloat16)


def test_arrays_of_half_precision_are_known():
    assert dtypes.of(np.dtype(np.float16)) is dtypes.float16
    assert dtypes.of(np.dtype(ml_dtypes.bfloat16)) is dtypes.bfloat16
    assert dtypes.dtype("bfloat16") is engine.bfloat16
    assert dtypes.dtype(np.float16) is engine.half
    with pytest.raises(DTypeError, match="arrays of float128"):
        dtypes.of(np.dtype(np.longdouble))


def test_signs_and_parts():
    assert [d.name for d in dtypes.ALL if not d.is_signed] == ["bool", "uint8"]
    assert engine.complex64.to_real() is engine.float32
    assert engine.float64.to_complex() is engine.complex128
    assert engine.bfloat16.itemsize == 2
